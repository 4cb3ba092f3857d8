"""Errors in OpenAI's form: `{"error": {"message", "type", "param", "code"}}`, before and inside of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

__all__ = ["ParameterError", "error_object", "place_name"]

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ParameterError(ValueError):
    """A parameter of a request that cannot be used.

    Args:
        param: Where it stands, for instance `messages[0].content`.
        message: What is wrong and what to do about it, for people. It repeats nothing that was sent.
        code: What is wrong, for programs.
    """

    def __init__(self, param: str, message: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.message = message
        self.code = code


def error_object(status: int, code: str | None, message: str, *, param: str | None = None) -> dict[str, Any]:
    """The body of an answer that is no success, or the frame of a stream that cannot go on.

    Args:
        status: The HTTP status, or the one it would have been; the kind of the error follows from it.
        code: What is wrong, for programs.
        message: The same for people.
        param: Which parameter is wrong, where it is one.
    """
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def place_name(place: Sequence[str | int]) -> str:
    """A place in a request as OpenAI writes it: `("messages", 0, "role")` is `messages[0].role`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
