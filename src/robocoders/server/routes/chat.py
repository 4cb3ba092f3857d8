"""The route that sends a prompt and streams the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from robocoders.engine.runner import EngineStoppedError, PromptSpec, TurnHandle
from robocoders.server.access import Caller
from robocoders.server.answers import ANYWHERE, NDJSON_CONTENT, failing, json_body
from robocoders.server.bodies import ChatBody, NotYet
from robocoders.server.failures import ApiError, invalid, stopping, unauthorized
from robocoders.server.reading import canonical_sid, read_body, read_idempotency_key
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.session_rows import session_row
from robocoders.server.streaming import LineStream
from robocoders.store import KeyReusedError, SessionBusyError, SessionGoneError, SessionRow, StoredEvent
from robocoders.wire.capping import cap_line
from robocoders.wire.ndjson import encode_line
from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT, IDEMPOTENCY_KEY_HEADER

__all__ = ["router"]

router = APIRouter(tags=["original"])

_KEY_PARAMETER = {
    "name": IDEMPOTENCY_KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Printable ASCII. The same key with the same body attaches to the running answer or repeats the "
    "finished one byte for byte; with another body it is 422.",
}


@router.post(
    "/chat",
    summary="Send a prompt and read the answer as it comes",
    status_code=200,
    response_class=LineStream,
    responses=ANYWHERE
    | failing(409, 413, 422, 507, s401="The token is invalid, or the session cannot be used with it: make a new one.")
    | {
        200: {
            "content": NDJSON_CONTENT,
            "description": "Events, one a line; a waiting message is the last.",
        }
    },
    openapi_extra={**json_body(ChatBody), "parameters": [_KEY_PARAMETER]},
)
async def chat(  # noqa: PLR0917 - FastAPI calls it by keyword
    request: Request,
    service: ServiceDep,
    caller: CallerDep,
    events: Annotated[
        Literal["actions", "all"],
        Query(description="`all`: observations too, and lines of any length; else actions in lines up to 64 KiB."),
    ] = "actions",
    if_busy: Annotated[
        Literal["wait", "refuse"], Query(description="On a busy session: wait for one's turn, or be refused with 409.")
    ] = "wait",
    deltas: Annotated[NotYet, Query(description="Live text. Not in this version.")] = False,  # noqa: ARG001, FBT002
) -> LineStream:
    """The agent's events as they are committed, and nothing after the waiting message that ends the turn.

    A client that goes away does not stop the run: read on at `/sessions/{sid}/events`, or send the same
    `Idempotency-Key` again. A session id that nobody has is made for the caller.
    """
    key = read_idempotency_key(request)
    body = await read_body(request, ChatBody)
    agent = _agent(body)
    if not body.prompt.strip():
        raise invalid(["body", "prompt"], "The prompt is empty.", "prompt_empty")
    session = await _session(service, caller, body.sid)
    prompt = PromptSpec(
        prompt=body.prompt,
        agent=agent,
        history=body.history,
        key=key,
        body_hash=_body_hash(session.id, agent, body),
        if_busy_refuse=if_busy == "refuse",
        plain=events != "all",
    )
    handle = await _submit(service, session, prompt)
    return LineStream(
        _lines(handle, everything=events == "all", last_only=service.settings.one_event_per_turn),
        heartbeat_seconds=service.settings.heartbeat_seconds,
    )


def _agent(body: ChatBody) -> str:
    agent = body.agent or DEFAULT_AGENT
    if agent not in AGENT_NAMES:
        raise invalid(["body", "agent"], f"No such agent; there are {', '.join(AGENT_NAMES)}.", "unknown_agent")
    return agent


def _body_hash(sid: str, agent: str, body: ChatBody) -> str:
    """What two requests with one key must have in common. The form of the answer is not part of it."""
    return hashlib.sha256(json.dumps([sid, agent, body.history, body.prompt]).encode()).hexdigest()


async def _session(service: Service, caller: Caller, given: str) -> SessionRow:
    """The caller's session.

    Whatever else a session id is, malformed, foreign or deleted, the answer is 401: it is the one status that makes
    every old client throw its cached session away and make a new one (protocol fact).
    """
    sid = canonical_sid(given)
    if sid is not None:
        row = await service.store.get_or_create_session(session_row(sid, caller, service.now_us()))
        if row.owner == caller.user_id and row.deleted_at_us is None:
            return row
    raise _unusable()


def _unusable() -> ApiError:
    text = "This session cannot be used with this token. Make a new one: GET /create-session."
    return unauthorized("session_unusable", text)


async def _submit(service: Service, session: SessionRow, prompt: PromptSpec) -> TurnHandle:
    try:
        return await service.engine.submit(session, prompt)
    except SessionBusyError:
        text = "The session is busy with an earlier prompt."
        raise ApiError(409, "session_busy", text, {"x-should-retry": "false"}) from None
    except KeyReusedError:
        text = "This idempotency key has been used with another body."
        raise invalid(["header", IDEMPOTENCY_KEY_HEADER], text, "idempotency_key_reused") from None
    except SessionGoneError:
        raise _unusable() from None
    except EngineStoppedError:
        raise stopping() from None


async def _lines(handle: TurnHandle, *, everything: bool, last_only: bool) -> AsyncGenerator[bytes, None]:
    """The turn's events as lines: all of them as they are, or the actions (or the last one alone) capped."""
    async with aclosing(_events(handle)) as events:
        async for event in events:
            if everything:
                yield encode_line(event.body)
            elif event.closes_turn if last_only else event.visibility == "action":
                yield encode_line(cap_line(event.body))


async def _events(handle: TurnHandle) -> AsyncGenerator[StoredEvent, None]:
    """The turn's events; a reader that leaves is let go at once."""
    events = handle.events()
    try:
        async for event in events:
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
