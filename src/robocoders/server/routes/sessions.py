"""Sessions: make, list, show, delete, cancel."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from robocoders.server.access import Caller
from robocoders.server.answers import ANYWHERE, failing, json_body
from robocoders.server.bodies import Cancelled, Deleted, NewSessionBody, SessionList, SessionView
from robocoders.server.failures import ApiError, invalid
from robocoders.server.owned import not_found, owned_session
from robocoders.server.reading import read_body, read_idempotency_key
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.session_rows import session_row, session_view
from robocoders.server.workspaces import workspace_directory
from robocoders.store import SessionRow
from robocoders.wire.protocol import IDEMPOTENCY_KEY_HEADER

__all__ = ["router"]

router = APIRouter(prefix="/sessions", tags=["sessions"])

_KEY_PARAMETER: dict[str, Any] = {
    "name": IDEMPOTENCY_KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Printable ASCII. The same key with the same body gives the same session; with another body it "
    "is 422.",
}


@router.post(
    "",
    summary="Make a session with a workspace or a model of its own",
    responses=ANYWHERE | failing(401, 413, 422, 507, s404="The session was deleted while it was being made."),
    openapi_extra={**json_body(NewSessionBody, required=False), "parameters": [_KEY_PARAMETER]},
)
async def new_session(request: Request, service: ServiceDep, caller: CallerDep) -> SessionView:
    """Without a body this is what `GET /create-session` does. A `workspace` needs `local` mode and its own user."""
    key = read_idempotency_key(request)
    body = await read_body(request, NewSessionBody, optional=True)
    workspace = await _workspace(service, caller, body.workspace)
    sid = str(uuid.uuid4()) if key is None else _keyed_sid(caller, key)
    wanted = session_row(
        sid,
        caller,
        service.now_us(),
        workspace=workspace,
        model=body.model,
        limits=None if body.limits is None else body.limits.model_dump(exclude_none=True),
    )
    row = await service.store.get_or_create_session(wanted)
    if _choices(row) != _choices(wanted) or row.deleted_at_us is not None:
        text = "This idempotency key has been used with another body."
        raise invalid(["header", IDEMPOTENCY_KEY_HEADER], text, "idempotency_key_reused")
    return await _view(service, row)


@router.get("", summary="List one's sessions", responses=ANYWHERE | failing(401, 422))
async def list_sessions(
    service: ServiceDep,
    caller: CallerDep,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
    before: Annotated[
        int | None, Query(ge=0, le=2**63 - 1, description="`next` of the answer before, to go on from there.")
    ] = None,
) -> SessionList:
    """The caller's sessions, newest first."""
    found = await service.store.sessions(caller.user_id, limit=limit, before_us=before)
    more = len(found) == limit
    return SessionList(
        sessions=[session_view(summary) for summary in found],
        next=found[-1].session.created_at_us if more else None,
    )


@router.get("/{sid}", summary="Show a session", responses=ANYWHERE | failing(401, 404))
async def show_session(sid: str, service: ServiceDep, caller: CallerDep) -> SessionView:
    """What is known of one session."""
    return await _view(service, await owned_session(service, caller, sid))


@router.delete("/{sid}", summary="Delete a session", responses=ANYWHERE | failing(401, 404, 507))
async def delete_session(sid: str, service: ServiceDep, caller: CallerDep) -> Deleted:
    """What runs is cancelled; the session's prompts and events are gone. Its id is not made again."""
    session = await owned_session(service, caller, sid)
    await service.engine.delete_session(session.id)
    return Deleted(sid=session.id)


@router.post("/{sid}/cancel", summary="Stop what a session is doing", responses=ANYWHERE | failing(401, 404, 507))
async def cancel(sid: str, service: ServiceDep, caller: CallerDep) -> Cancelled:
    """The running prompt and those that wait end with the reason `cancelled`."""
    session = await owned_session(service, caller, sid)
    return Cancelled(sid=session.id, cancelled=await service.engine.cancel(session.id))


async def _workspace(service: Service, caller: Caller, given: str | None) -> str | None:
    if given is None:
        return None
    if service.settings.auth != "local" or not caller.is_owner:
        text = "A directory of the server's machine can be named only in local mode and by the server's own user."
        raise ApiError(403, "workspace_not_allowed", text)
    return await asyncio.to_thread(workspace_directory, given, service.settings.data_dir)


def _keyed_sid(caller: Caller, key: str) -> str:
    """The id that this caller's key stands for, so that a request sent twice makes one session."""
    digest = hashlib.sha256(f"{caller.user_id} {key}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _choices(row: SessionRow) -> tuple[Any, ...]:
    return row.owner, row.workspace_kind, row.workspace_ref, row.model, row.limits


async def _view(service: Service, row: SessionRow) -> SessionView:
    summary = await service.store.session_summary(row.id)
    if summary is None:
        raise not_found()
    return session_view(summary)
