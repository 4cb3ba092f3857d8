"""The JSON bodies that are no stream: a session's id, a session's code, what is known of a session."""

from __future__ import annotations

import json
from typing import Any, cast

from robocoders.errors import ProtocolError

__all__ = ["json_object", "session_code_from_body", "session_id_from_body"]


def json_object(body: bytes, what: str) -> dict[str, Any]:
    """Return a body that has to be one JSON object.

    Args:
        body: The answer's body.
        what: What was asked for, for the error's text.

    Raises:
        ProtocolError: It is none.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the server's answer to {what} is no JSON; is this a Robocoders server?") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"the server's answer to {what} is no JSON object; is this a Robocoders server?")
    return cast("dict[str, Any]", value)


def session_id_from_body(body: bytes) -> str:
    """Return the `sid` of an answer to create-session.

    Raises:
        ProtocolError: There is none.
    """
    sid = json_object(body, "create-session").get("sid")
    if not isinstance(sid, str) or not sid:
        raise ProtocolError("the server's answer to create-session holds no sid")
    return sid


def session_code_from_body(body: bytes) -> tuple[str, str] | None:
    """Return `(repo_url, message)` of an answer to get-session-code, or None: the server has no code to give.

    Raises:
        ProtocolError: It is neither of both.
    """
    if body.strip() == b"null":
        return None
    fields = json_object(body, "get-session-code")
    repo_url, message = fields.get("repo_url"), fields.get("message")
    if not isinstance(repo_url, str):
        raise ProtocolError("the server's answer to get-session-code holds no repo_url")
    return repo_url, message if isinstance(message, str) else ""
