"""A session's log, from any event on."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from robocoders.server.answers import ANYWHERE, NDJSON_CONTENT, failing, sse_content
from robocoders.server.failures import invalid
from robocoders.server.live_lines import Items, encode_live, whole_lines
from robocoders.server.owned import owned_session
from robocoders.server.reading import LARGEST_ID
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.server.streaming import SSE_MEDIA_TYPE, LineStream
from robocoders.store import StoredEvent
from robocoders.wire.sse import encode_sse

__all__ = ["router"]

router = APIRouter(prefix="/sessions", tags=["sessions"])

_DELTAS: Any = Query(
    description="Live text too: `delta_of`, `offset` and `text`, or `delta_of` and `reset`, before the event of that "
    "id."
)
_OFFSET: Any = Query(
    ge=0,
    le=LARGEST_ID,
    description="How many characters of the live text of the event after `after` the reader has.",
)
_FOLLOW: Any = Query(include_in_schema=False)
"""Told in words alone: a program that makes calls of the description would wait for the end of such an answer."""
_EVENT_ID = re.compile(r"[0-9]{1,19}")
_SSE_CONTENT = sse_content(
    "`id:` and `data:` an event; `event: delta` with `data:` alone live text, so that the last id received stays an "
    "event's; comments are heartbeats."
)


@router.get(
    "/{sid}/events",
    summary="Read a session's log",
    status_code=200,
    response_class=LineStream,
    responses=ANYWHERE
    | failing(401, 404, 422)
    | {200: {"content": NDJSON_CONTENT | _SSE_CONTENT, "description": "Actions and observations, whole."}},
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "With server-sent events: the last id received; it counts before `after`.",
            }
        ]
    },
)
async def session_events(  # noqa: PLR0917 - FastAPI calls it by keyword
    request: Request,
    sid: str,
    service: ServiceDep,
    caller: CallerDep,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID, description="Only events with a greater id; 0: all.")] = 0,
    follow: Annotated[bool, _FOLLOW] = False,  # noqa: FBT002 - a query parameter
    deltas: Annotated[bool, _DELTAS] = False,  # noqa: FBT002 - a query parameter
    offset: Annotated[int, _OFFSET] = 0,
) -> LineStream:
    """Every event after an id, without gap or repeat.

    Newline-delimited JSON, or server-sent events for those who accept `text/event-stream`. With `follow=true` it goes
    on with what comes: the answer stays open until the reader leaves or the server stops; come back with the last id
    seen.
    """
    sse = SSE_MEDIA_TYPE in request.headers.get("accept", "").lower()
    if sse:
        after, offset = _resumed(request, after, offset)
    session = await owned_session(service, caller, sid)
    items = service.engine.follow(session.id, after, live=follow, deltas=deltas, offset=offset)
    return LineStream(
        _server_sent_events(items) if sse else whole_lines(items),
        heartbeat_seconds=service.settings.heartbeat_seconds,
        ending=service.ending,
        sse=sse,
    )


def _resumed(request: Request, after: int, offset: int) -> tuple[int, int]:
    """Where to go on: a browser that reconnects asks the old address again and adds the last id it saw.

    The offset in the old address belongs to the old place: at another one the live text is sent from its beginning.
    """
    last = request.headers.get("last-event-id", "")
    if not last:
        return after, offset
    if not _EVENT_ID.fullmatch(last) or int(last) > LARGEST_ID:
        raise invalid(["header", "Last-Event-ID"], "Last-Event-ID is no id of an event.", "event_id")
    return int(last), offset if int(last) == after else 0


async def _server_sent_events(items: Items) -> AsyncGenerator[bytes, None]:
    async with aclosing(items):
        async for item in items:
            if not isinstance(item, StoredEvent):
                for body in encode_live(item):
                    yield b"event: delta\ndata: %s\n\n" % body
            elif item.id:
                yield encode_sse(item.body, item.id)
            else:
                # A closing message for which the log had no room has no id: a reader that comes back keeps its place.
                yield b"data: %s\n\n" % item.body
