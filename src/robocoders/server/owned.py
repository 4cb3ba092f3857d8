"""A caller's own sessions."""

from __future__ import annotations

from robocoders.server.access import Caller
from robocoders.server.failures import ApiError
from robocoders.server.reading import canonical_sid
from robocoders.server.service import Service
from robocoders.store import SessionRow

__all__ = ["not_found", "owned_session"]


async def owned_session(service: Service, caller: Caller, given: str) -> SessionRow:
    """The session of that id.

    Raises:
        ApiError: 404 when there is none, or it is deleted, or somebody else's: the answer does not tell which.
    """
    sid = canonical_sid(given)
    row = None if sid is None else await service.store.session(sid)
    if row is None or row.deleted_at_us is not None or row.owner != caller.user_id:
        raise not_found()
    return row


def not_found() -> ApiError:
    """The 404 for a session that is not there, or not any more, or not the caller's."""
    return ApiError(404, "session_not_found", "There is no such session of yours.")
