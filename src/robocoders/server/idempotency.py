"""Requests that are carried out once: what `Idempotency-Key` says, and what two requests with one key have in common.

A key belongs to its owner and to one request: to its method, its path and its body. The same request again gets the
same answer; another one with the key is refused (the header's meaning follows the IETF draft "The Idempotency-Key HTTP
Header Field").
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from robocoders.server.reading import read_idempotency_key
from robocoders.store import Keyed
from robocoders.wire.protocol import IDEMPOTENCY_KEY_HEADER

if TYPE_CHECKING:
    from fastapi import Request

    from robocoders.server.access import Caller
    from robocoders.server.bodies import ChatBody, RequestBody

__all__ = ["KEY_PARAMETER", "KEY_PARAMETERS", "chat_hash", "keyed", "keyed_by"]

_NAME: Final = "IdempotencyKey"

KEY_PARAMETERS: Final[dict[str, Any]] = {
    _NAME: {
        "name": IDEMPOTENCY_KEY_HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "Printable ASCII. The request is carried out once, however often it is sent with this key: the "
        "same method, path and body get the same answer again (for a prompt: the running answer from its first event, "
        "or the finished one byte for byte); others with the key are 422 (`idempotency_key_reused`). A key is kept as "
        "long as its session, and at least 24 hours.",
    }
}
"""The parameter, for the `components` of the OpenAPI description."""

KEY_PARAMETER: Final[dict[str, Any]] = {"parameters": [{"$ref": f"#/components/parameters/{_NAME}"}]}
"""What a route that takes a key adds to its description."""


def keyed(request: Request, caller: Caller, path: str, body: RequestBody | None = None) -> Keyed | None:
    """The request's key with what it stands for; None where the request has none.

    Args:
        request: The request.
        caller: Whose key it is.
        path: The route with its ids in their one form.
        body: The body as it was understood, so that white space and unknown fields make no difference.

    Raises:
        ApiError: 422, the key is none.
    """
    wishes = None if body is None else body.model_dump(mode="json")
    return keyed_by(request, caller, [request.method, path, wishes])


def keyed_by(request: Request, caller: Caller, parts: list[Any]) -> Keyed | None:
    """The request's key with what it stands for, given as JSON; None where the request has none.

    Args:
        request: The request.
        caller: Whose key it is.
        parts: What two requests with the key must have in common; the method first, then the path.

    Raises:
        ApiError: 422, the key is none.
    """
    key = read_idempotency_key(request)
    return None if key is None else Keyed(caller.user_id, key, _hash(parts))


def chat_hash(sid: str, agent: str, body: ChatBody) -> str:
    """What two prompts with one key have in common. The form of the answer is not part of it.

    It begins with a session's id, which no other route's does. This form is kept: keys outlive an upgrade.
    """
    return _hash([sid, agent, body.history, body.prompt])


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
