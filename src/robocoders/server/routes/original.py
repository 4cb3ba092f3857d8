"""The small routes of the original service (protocol fact); `/auth` and `/chat` have modules of their own."""

from __future__ import annotations

import logging
import uuid

from fastapi import APIRouter, Request

from robocoders.server.answers import ANYWHERE, failing, json_body
from robocoders.server.bodies import CreatedSession, SessionCode, SessionCodeBody
from robocoders.server.reading import read_body
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.server.session_rows import session_row

__all__ = ["router"]

_log = logging.getLogger("robocoders.server")

router = APIRouter(tags=["original"])


@router.get("/create-session", summary="Make a session", responses=ANYWHERE | failing(401, 507))
async def create_session(service: ServiceDep, caller: CallerDep) -> CreatedSession:
    """A new session of the caller's, with a private workspace and the server's model."""
    row = await service.store.get_or_create_session(session_row(str(uuid.uuid4()), caller, service.now_us()))
    return CreatedSession(sid=row.id)


@router.post(
    "/get-session-code",
    summary="Ask for a repository with the session's files",
    responses=ANYWHERE | failing(401, 413, 422),
    openapi_extra=json_body(SessionCodeBody),
)
async def get_session_code(request: Request, caller: CallerDep) -> SessionCode | None:  # noqa: ARG001 - a token is needed
    """Always `null` for now, which is how the original said that it has no code to give: this server hosts none yet."""
    await read_body(request, SessionCodeBody)
    _log.info("request %s: null for get-session-code, since this server hosts no code", request.state.request_id)
    return None
