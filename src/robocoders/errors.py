"""Every exception of the package.

::

    RobocodersError
    ├── ConfigurationError          something given here (flag, variable, file, argument) cannot be used
    ├── MissingRequirementsError    an optional library is not installed
    ├── APIConnectionError          no answer: refused, reset, name or TLS failure
    │   └── APITimeoutError         no answer in time
    ├── APIStatusError              an answer whose status is no success
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403
    │   ├── NotFoundError           404
    │   ├── ConflictError           409
    │   ├── ValidationError         422
    │   ├── RateLimitError          429
    │   └── ServerError             5xx
    ├── StreamError                 an answer that began and broke off
    │   └── TruncatedLineError      its last line was cut in the middle
    ├── ProtocolError               an answer that is not of this protocol
    │   ├── InvalidLineError        one line that is no JSON object
    │   └── LineTooLongError        one line above the configured cap
    ├── WorkspaceError              a workspace that is missing, unreadable, or a path outside of it
    │   └── SealError               commands cannot be sealed here, or their seal broke
    └── StoreError                  the database cannot be read or written
        └── StoreFullError          no space is left for it

Errors carry data, survive pickling, and never hold a token or a prompt: whoever builds one passes bodies that have
been cleaned (`robocoders.wire.statuses.clean_body`).
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "ConfigurationError",
    "ConflictError",
    "InvalidLineError",
    "LineTooLongError",
    "MissingRequirementsError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RobocodersError",
    "SealError",
    "ServerError",
    "StoreError",
    "StoreFullError",
    "StreamError",
    "TruncatedLineError",
    "ValidationError",
    "WorkspaceError",
]


class RobocodersError(Exception):
    """Base of all errors of this package.

    Args:
        message: What is wrong and what to do about it, for a person.
        session_id: The session concerned, where there is one.
        request_id: The server's `x-request-id`, where it sent one.
        last_event_id: The id of the last event received, where a stream had begun.
    """

    def __init__(
        self,
        message: str,
        *,
        session_id: str | None = None,
        request_id: str | None = None,
        last_event_id: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.session_id = session_id
        self.request_id = request_id
        self.last_event_id = last_event_id

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild by class and attributes, so that pickling keeps keyword-only data (and the notes)."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(cls: type[RobocodersError], args: tuple[Any, ...], state: dict[str, Any]) -> RobocodersError:
    error = cls.__new__(cls, *args)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(RobocodersError):
    """Something given here (flag, variable, file, argument) cannot be used."""


class MissingRequirementsError(RobocodersError):
    """An optional library is not installed; the message names the line that installs it."""


class APIConnectionError(RobocodersError):
    """The server gave no answer. Nothing is known of whether a request that had left was carried out."""


class APITimeoutError(APIConnectionError):
    """The server gave no answer in time."""


class APIStatusError(RobocodersError):
    """The server answered with a status that is no success.

    Args:
        message: What is wrong and what to do about it.
        status: The HTTP status code.
        body: The answer's body, decoded where it was JSON, cleaned of tokens and prompts.
        retry_after_seconds: What the server asked to wait, where it did.
    """

    expected_status: ClassVar[int | None] = None

    def __init__(
        self,
        message: str,
        *,
        status: int,
        body: Any = None,
        retry_after_seconds: float | None = None,
        session_id: str | None = None,
        request_id: str | None = None,
        last_event_id: int | None = None,
    ) -> None:
        super().__init__(message, session_id=session_id, request_id=request_id, last_event_id=last_event_id)
        self.status = status
        self.body = body
        self.retry_after_seconds = retry_after_seconds


class AuthenticationError(APIStatusError):
    """401: no token, or one that is invalid, expired or revoked."""

    expected_status = 401


class PermissionDeniedError(APIStatusError):
    """403: the server knows the caller and refuses."""

    expected_status = 403


class NotFoundError(APIStatusError):
    """404: no such thing, or none that this caller may see."""

    expected_status = 404


class ConflictError(APIStatusError):
    """409: the session is busy, or changed meanwhile."""

    expected_status = 409


class ValidationError(APIStatusError):
    """422: the request is not of the form the server takes."""

    expected_status = 422


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after_seconds` says how long to wait."""

    expected_status = 429


class ServerError(APIStatusError):
    """5xx: the server failed."""


class StreamError(RobocodersError):
    """An answer began and broke off; `last_event_id` says how far it came."""


class TruncatedLineError(StreamError):
    """The last line of a stream was cut in the middle."""


class ProtocolError(RobocodersError):
    """The server's answer is not of this protocol."""


class InvalidLineError(ProtocolError):
    """One line of a stream is no JSON object."""


class LineTooLongError(ProtocolError):
    """One line of a stream is longer than the configured cap."""


class WorkspaceError(RobocodersError):
    """A workspace is missing or unreadable, or a path leads out of it."""


class SealError(WorkspaceError):
    """Commands cannot be sealed off on this machine, or the seal that one ran in broke; none was run unsealed.

    Args:
        message: The cause and the mend, for a person.
        cause: What is in the way.
        mend: What to do about it, on one line.
        session_id: As for every error, like the two that follow.
        request_id: See there.
        last_event_id: See there.
    """

    def __init__(
        self,
        message: str,
        *,
        cause: str = "",
        mend: str = "",
        session_id: str | None = None,
        request_id: str | None = None,
        last_event_id: int | None = None,
    ) -> None:
        super().__init__(message, session_id=session_id, request_id=request_id, last_event_id=last_event_id)
        self.cause = cause
        self.mend = mend


class StoreError(RobocodersError):
    """The database cannot be read or written."""


class StoreFullError(StoreError):
    """No space is left for the database."""
