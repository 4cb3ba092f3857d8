"""Which session a request belongs to. It is named, or it is a new one; nothing is guessed from text."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from robocoders.server.access import Caller
from robocoders.server.failures import ApiError
from robocoders.server.owned import not_found
from robocoders.server.reading import canonical_sid
from robocoders.server.service import Service
from robocoders.server.session_rows import session_row
from robocoders.store import SessionRow

__all__ = ["SESSION_HEADER", "SESSION_PARAMETER", "Conversation", "conversation_of"]

SESSION_HEADER: Final = "X-Session-ID"

SESSION_PARAMETER: Final[dict[str, Any]] = {
    "name": SESSION_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "format": "uuid"},
    "description": "The session that the request belongs to, a UUID; one that nobody has yet is made for the caller. "
    "Every answer names its session in the same header. Absent: the request is a session of its own.",
}
"""The header for the OpenAPI description."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The session of a request.

    Attributes:
        session: The caller's own.
        is_new: Whether it is for this request alone, so that nobody knows its name yet; it is still to be stored.
        goes_on: Whether something was asked in it before: the log has the conversation so far.
    """

    session: SessionRow
    is_new: bool
    goes_on: bool


async def conversation_of(
    service: Service, caller: Caller, named: str | None, *, param: str = SESSION_HEADER
) -> Conversation:
    """Return the session that a request names, or a new one where it names none.

    Args:
        service: The server's parts.
        caller: Whose request it is.
        named: The session's id as the request has it.
        param: Where it stands.

    Raises:
        ApiError: 400, it is no UUID; 404, it was deleted or is somebody else's: the answer does not tell which.
        StoreError: The store cannot be read or written.
    """
    sid = str(uuid.uuid4()) if named is None else canonical_sid(named)
    if sid is None:
        text = "A session's id is a UUID: make one up, or take the one that an answer had."
        raise ApiError(400, "invalid_session_id", text, param=param)
    wanted = session_row(sid, caller, service.now_us(), network=service.settings.network)
    if named is None:
        return Conversation(wanted, is_new=True, goes_on=False)
    row = await service.store.get_or_create_session(wanted)
    if row.owner != caller.user_id or row.deleted_at_us is not None:
        raise not_found()
    return Conversation(row, is_new=False, goes_on=await service.store.last_turn(row.id) is not None)
