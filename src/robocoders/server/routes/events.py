"""A session's log, from any event on."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Query, Request

from robocoders.server.answers import ANYWHERE, NDJSON_CONTENT, failing
from robocoders.server.failures import invalid
from robocoders.server.owned import owned_session
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.server.streaming import SSE_MEDIA_TYPE, LineStream
from robocoders.store import StoredEvent
from robocoders.wire.ndjson import encode_line
from robocoders.wire.sse import encode_sse

__all__ = ["router"]

router = APIRouter(prefix="/sessions", tags=["sessions"])

_LARGEST_ID = 2**63 - 1
_EVENT_ID = re.compile(r"[0-9]{1,19}")
_SSE_CONTENT = {
    SSE_MEDIA_TYPE: {
        "schema": {"type": "string", "description": "`id:` and `data:` an event; comments are heartbeats."}
    }
}


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
    after: Annotated[int, Query(ge=0, le=_LARGEST_ID, description="Only events with a greater id; 0: all.")] = 0,
    follow: Annotated[bool, Query(description="Go on with what comes.")] = False,  # noqa: FBT002 - a query parameter
) -> LineStream:
    """Every event after an id, without gap or repeat.

    Newline-delimited JSON, or server-sent events for those who accept `text/event-stream`. With `follow` the answer
    stays open until the reader leaves or the server stops.
    """
    sse = SSE_MEDIA_TYPE in request.headers.get("accept", "").lower()
    if sse:
        after = _resumed(request, after)
    session = await owned_session(service, caller, sid)
    events = service.engine.follow(session.id, after, live=follow)
    return LineStream(
        _lines(events, sse=sse),
        heartbeat_seconds=service.settings.heartbeat_seconds,
        ending=service.ending,
        sse=sse,
    )


def _resumed(request: Request, after: int) -> int:
    """Where to go on: a browser that reconnects asks the old address again and adds the last id it saw."""
    last = request.headers.get("last-event-id", "")
    if not last:
        return after
    if not _EVENT_ID.fullmatch(last) or int(last) > _LARGEST_ID:
        raise invalid(["header", "Last-Event-ID"], "Last-Event-ID is no id of an event.", "event_id")
    return int(last)


async def _lines(events: AsyncGenerator[StoredEvent, None], *, sse: bool) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        async for event in events:
            yield _sse(event) if sse else encode_line(event.body)


def _sse(event: StoredEvent) -> bytes:
    # A closing message for which the log had no room has no id: a reader that comes back keeps its place.
    return encode_sse(event.body, event.id) if event.id else b"data: %s\n\n" % event.body
