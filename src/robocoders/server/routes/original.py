"""The small routes of the original service (protocol fact); `/auth` and `/chat` have modules of their own."""

from __future__ import annotations

import logging
import uuid

from fastapi import APIRouter, Request

from robocoders.server.answers import ANYWHERE, failing, json_body
from robocoders.server.bodies import CreatedSession, SessionCode, SessionCodeBody
from robocoders.server.idempotency import KEY_PARAMETER, keyed
from robocoders.server.reading import read_body
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.server.session_rows import session_row

__all__ = ["router"]

_log = logging.getLogger("robocoders.server")

router = APIRouter(tags=["original"])


@router.get(
    "/create-session",
    summary="Make a session",
    responses=ANYWHERE | failing(401, 422, 507),
    openapi_extra=KEY_PARAMETER,
)
async def create_session(request: Request, service: ServiceDep, caller: CallerDep) -> CreatedSession:
    """A new session of the caller's, with a private workspace and the server's model."""
    wanted = session_row(str(uuid.uuid4()), caller, service.now_us(), network=service.settings.network)
    row = await service.store.session_once(wanted, keyed(request, caller, "/create-session"))
    return CreatedSession(sid=row.id)


@router.post(
    "/get-session-code",
    summary="Ask for a repository with the session's files",
    responses=ANYWHERE | failing(401, 413, 422),
    openapi_extra=json_body(SessionCodeBody) | KEY_PARAMETER,
)
async def get_session_code(request: Request, service: ServiceDep, caller: CallerDep) -> SessionCode | None:
    """Always `null` for now, which is how the original said that it has no code to give: this server hosts none yet.

    Nothing is done, so an `Idempotency-Key` is not remembered; one that another request has used is refused.
    """
    body = await read_body(request, SessionCodeBody)
    key = keyed(request, caller, "/get-session-code", body)
    if key is not None:
        await service.store.known_key(key)
    _log.info("request %s: null for get-session-code, since this server hosts no code", request.state.request_id)
    return None
