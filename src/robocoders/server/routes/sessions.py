"""Sessions: make, list, show, change, delete, cancel."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request

from robocoders.agents.worker_threads import in_worker_thread
from robocoders.server.access import Caller
from robocoders.server.answers import ANYWHERE, failing, json_body
from robocoders.server.bodies import Cancelled, ChangedSessionBody, Deleted, NewSessionBody, SessionList, SessionView
from robocoders.server.failures import ApiError
from robocoders.server.idempotency import KEY_PARAMETER, keyed
from robocoders.server.owned import not_found, owned_session
from robocoders.server.reading import canonical_sid, read_body
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.session_rows import session_row, session_view
from robocoders.server.workspaces import workspace_directory

__all__ = ["router"]

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.post(
    "",
    summary="Make a session with a workspace or a model of its own",
    responses=ANYWHERE | failing(401, 413, 422, 507, s404="The session was deleted while, or after, it was made."),
    openapi_extra=json_body(NewSessionBody, required=False) | KEY_PARAMETER,
)
async def new_session(request: Request, service: ServiceDep, caller: CallerDep) -> SessionView:
    """Without a body this is what `GET /create-session` does.

    A `workspace` needs `local` mode and its own user; so does `network` where the server was not started with it.
    """
    body = await read_body(request, NewSessionBody, optional=True)
    key = keyed(request, caller, "/sessions", body)
    known = None if key is None else await service.store.known_key(key)
    if known is not None and known.session_id is not None:
        # Not checked again: the directory may be gone by now, and the session is there all the same.
        return await _view(service, known.session_id)
    workspace = await _workspace(service, caller, body.workspace)
    network = _network(service, caller, body.network)
    wanted = session_row(
        str(uuid.uuid4()),
        caller,
        service.now_us(),
        workspace=workspace,
        model=body.model,
        limits=None if body.limits is None else body.limits.model_dump(exclude_none=True),
        network=network,
    )
    row = await service.store.session_once(wanted, key)
    return await _view(service, row.id)


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
    session = await owned_session(service, caller, sid)
    return await _view(service, session.id)


@router.patch(
    "/{sid}",
    summary="Give a session other limits",
    responses=ANYWHERE | failing(401, 404, 413, 422, 507),
    openapi_extra=json_body(ChangedSessionBody),
)
async def change_session(request: Request, sid: str, service: ServiceDep, caller: CallerDep) -> SessionView:
    """They hold from the next prompt on; this is the one way to lift a ceiling. Sent twice, it changes nothing more."""
    session = await owned_session(service, caller, sid)
    body = await read_body(request, ChangedSessionBody)
    await service.store.set_limits(session.id, body.limits.model_dump(exclude_none=True))
    return await _view(service, session.id)


@router.delete(
    "/{sid}", summary="Delete a session", responses=ANYWHERE | failing(401, 404, 422, 507), openapi_extra=KEY_PARAMETER
)
async def delete_session(request: Request, sid: str, service: ServiceDep, caller: CallerDep) -> Deleted:
    """What runs is cancelled; the session's prompts and events are gone. Its id is not made again."""
    one = canonical_sid(sid) or ""
    key = keyed(request, caller, f"/sessions/{one}")
    # Asked first: a key of another request is refused before anything is cancelled.
    if key is not None and await service.store.known_key(key) is not None:
        return Deleted(sid=one)
    try:
        session = await owned_session(service, caller, sid)
    except ApiError:
        # The same request may have come twice at once, and the other one was first.
        if key is None or await service.store.known_key(key) is None:
            raise
        return Deleted(sid=one)
    await service.engine.delete_session(session.id, key)
    return Deleted(sid=one)


@router.post(
    "/{sid}/cancel",
    summary="Stop what a session is doing",
    responses=ANYWHERE | failing(401, 404, 422, 507),
    openapi_extra=KEY_PARAMETER,
)
async def cancel(request: Request, sid: str, service: ServiceDep, caller: CallerDep) -> Cancelled:
    """The running prompt and those that wait end with the reason `cancelled`.

    With an `Idempotency-Key` those that were there when it first came, and no later ones.
    """
    session = await owned_session(service, caller, sid)
    key = keyed(request, caller, f"/sessions/{session.id}/cancel")
    if key is None:
        return Cancelled(sid=session.id, cancelled=await service.engine.cancel(session.id))
    bound = await service.store.bind_cancel(session.id, key)
    await service.engine.cancel(session.id, bound.up_to)
    return Cancelled(sid=session.id, cancelled=bound.any_open)


async def _workspace(service: Service, caller: Caller, given: str | None) -> str | None:
    if given is None:
        return None
    if service.settings.auth != "local" or not caller.is_owner:
        text = "A directory of the server's machine can be named only in local mode and by the server's own user."
        raise ApiError(403, "workspace_not_allowed", text)
    return await in_worker_thread(workspace_directory, given, service.settings.data_dir)


def _network(service: Service, caller: Caller, wanted: bool | None) -> bool:  # noqa: FBT001 - three values
    """Whether a new session's commands reach the network.

    Raises:
        ApiError: 403, it is asked for by somebody who may not.
    """
    if wanted is None or service.settings.network:
        return service.settings.network if wanted is None else wanted
    if wanted and (service.settings.auth != "local" or not caller.is_owner):
        text = "The network is for the server's own user in local mode, unless the server runs with --network."
        raise ApiError(403, "network_not_allowed", text)
    return wanted


async def _view(service: Service, sid: str) -> SessionView:
    summary = await service.store.session_summary(sid)
    if summary is None:
        raise not_found()
    return session_view(summary)
