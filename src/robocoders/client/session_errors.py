"""What to tell of a session that the server does not take."""

from __future__ import annotations

from typing import Any, cast

from robocoders.client.exchange import replace_message
from robocoders.errors import APIStatusError, NotFoundError

__all__ = ["is_session_unusable", "lost_session_error"]

_UNUSABLE = "session_unusable"
"""The code of a server that takes the token and not the session; old clients need the status 401 for it."""


def is_session_unusable(error: APIStatusError) -> bool:
    """Whether the server says that it is the session that is wrong, and not the token."""
    body: object = error.body
    return isinstance(body, dict) and cast("dict[str, Any]", body).get("code") == _UNUSABLE


def lost_session_error(error: APIStatusError, text: str) -> APIStatusError:
    """The error with another text; `NotFoundError` where the token is good and only the session is wrong."""
    if not is_session_unusable(error):
        return replace_message(error, text)
    return NotFoundError(
        text,
        status=error.status,
        body=error.body,
        retry_after_seconds=error.retry_after_seconds,
        session_id=error.session_id,
        request_id=error.request_id,
        last_event_id=error.last_event_id,
    )
