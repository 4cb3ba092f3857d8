"""The route that sends a prompt and streams the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from robocoders.engine.runner import EngineStoppedError, PromptSpec, TurnHandle
from robocoders.server.access import Caller
from robocoders.server.answers import ANYWHERE, NDJSON_CONTENT, failing, json_body
from robocoders.server.bodies import ChatBody
from robocoders.server.failures import ApiError, invalid, stopping, unauthorized
from robocoders.server.idempotency import KEY_PARAMETER, chat_hash
from robocoders.server.live_lines import plain_lines, predecessor, whole_lines
from robocoders.server.reading import LARGEST_ID, canonical_sid, read_body, read_idempotency_key
from robocoders.server.service import CallerDep, Service, ServiceDep
from robocoders.server.session_rows import session_row
from robocoders.server.streaming import LineStream
from robocoders.store import SessionBusyError, SessionGoneError, SessionRow
from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT

__all__ = ["router"]

router = APIRouter(tags=["original"])

_DELTAS: Any = Query(
    description="Live text too: `delta_of`, `offset` and `text`, or `delta_of` and `reset`, before the event of that "
    "id. Without `events=all` that of messages alone."
)
_AFTER: Any = Query(
    ge=0,
    le=LARGEST_ID,
    description="Only events with a greater id, to read an answer on, which takes its `Idempotency-Key`. 0: all.",
)
_OFFSET: Any = Query(
    ge=0,
    le=LARGEST_ID,
    description="How many characters of the live text of the event after `after` the reader has. Needs the key too.",
)


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
            "description": "Events, one a line; a waiting message is the last. With `deltas`, live text between them.",
        }
    },
    openapi_extra=json_body(ChatBody) | KEY_PARAMETER,
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
    deltas: Annotated[bool, _DELTAS] = False,  # noqa: FBT002 - a query parameter
    after: Annotated[int, _AFTER] = 0,
    offset: Annotated[int, _OFFSET] = 0,
) -> LineStream:
    """The agent's events as they are committed, and nothing after the waiting message that ends the turn.

    A client that goes away does not stop the run: send the same `Idempotency-Key` again with the last id seen as
    `after`, or read on at `/sessions/{sid}/events`. An answer without a waiting message was cut: the server stopped,
    and the turn goes on at its next start. A session id that nobody has is made for the caller.
    """
    key = read_idempotency_key(request)
    _refuse_place_without_key(key, after=after, offset=offset)
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
        body_hash=chat_hash(session.id, agent, body),
        if_busy_refuse=if_busy == "refuse",
        plain=events != "all",
    )
    handle = await _submit(service, session, prompt)
    last_only = events != "all" and service.settings.one_event_per_turn
    items = handle.events(after=after, deltas=deltas and not last_only, offset=offset)
    if events == "all":
        lines = whole_lines(items)
    else:
        lines = plain_lines(items, predecessor(service.store, session.id), last_only=last_only)
    return LineStream(lines, heartbeat_seconds=service.settings.heartbeat_seconds)


def _refuse_place_without_key(key: str | None, *, after: int, offset: int) -> None:
    """A prompt without a key is a new one: there is no answer to read on, and to run it would be a surprise."""
    for name, value in (("after", after), ("offset", offset)):
        if value and key is None:
            text = f"`{name}` reads an answer on, and only an Idempotency-Key says which: send the prompt's own."
            raise invalid(["query", name], text, "idempotency_key_missing")


def _agent(body: ChatBody) -> str:
    agent = body.agent or DEFAULT_AGENT
    if agent not in AGENT_NAMES:
        raise invalid(["body", "agent"], f"No such agent; there are {', '.join(AGENT_NAMES)}.", "unknown_agent")
    return agent


async def _session(service: Service, caller: Caller, given: str) -> SessionRow:
    """The caller's session.

    Whatever else a session id is, malformed, foreign or deleted, the answer is 401: it is the one status that makes
    every old client throw its cached session away and make a new one (protocol fact).
    """
    sid = canonical_sid(given)
    if sid is not None:
        wanted = session_row(sid, caller, service.now_us(), network=service.settings.network)
        row = await service.store.get_or_create_session(wanted)
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
    except SessionGoneError:
        raise _unusable() from None
    except EngineStoppedError:
        raise stopping() from None
