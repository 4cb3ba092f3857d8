"""A kept response as its readers get it: as a stream, from any number on, or as it is now."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from robocoders.engine.hub import Item
from robocoders.engine.runner import TurnHandle
from robocoders.errors import StoreError
from robocoders.events import Event
from robocoders.server.failures import storage_failure
from robocoders.store import LiveText, Store, StoredEvent, Withdrawn
from robocoders.wire.codec import decode_event
from robocoders.wire.openai.chat import BROKEN_OFF
from robocoders.wire.openai.frames import named_frame
from robocoders.wire.openai.responses import ResponseStream
from robocoders.wire.openai.responses_log import LivePiece, Logged, LogItem, Withdrawal
from robocoders.wire.openai.responses_objects import Json, ResponseHead, stream_error

__all__ = ["finished_response", "response_frames", "response_now"]

_PAGE_EVENTS = 1000

_log = logging.getLogger("robocoders.server")


async def response_frames(
    store: Store, handle: TurnHandle, head: ResponseHead, *, starting_after: int | None
) -> AsyncGenerator[bytes, None]:
    """The frames of a response's stream with greater numbers than one.

    Where it breaks off, an `error` frame says so; its number is that of the frame before it, so that a reader who goes
    on after it misses nothing.
    """
    last = -1 if starting_after is None else starting_after
    stream = ResponseStream(head)
    code, message = BROKEN_OFF.code, BROKEN_OFF.message
    try:
        async with aclosing(_events(store, handle, stream)) as events:
            async for event in events:
                if event["sequence_number"] > last:
                    last = event["sequence_number"]
                    yield named_frame(event)
    except StoreError as error:
        _log.error("A stream was broken off: %s", error)
        failure = storage_failure(error)
        code, message = failure.code, str(failure.detail)
    if not stream.is_finished:
        yield named_frame(stream_error(code, message, number=max(last, 0)))


async def finished_response(store: Store, handle: TurnHandle, head: ResponseHead) -> ResponseStream:
    """Wait for a response's end; it is not finished where it broke off: the server stops, or the session was deleted.

    Raises:
        StoreError: The log cannot be read.
    """
    stream = ResponseStream(head)
    async with aclosing(_events(store, handle, stream, deltas=False)) as events:
        async for _ in events:
            pass
    return stream


async def response_now(store: Store, handle: TurnHandle, head: ResponseHead) -> ResponseStream:
    """What the log has of a response now.

    Raises:
        StoreError: The log cannot be read.
    """
    stream, turn, last = ResponseStream(head), handle.turn, handle.begins_after
    stream.begin()
    if turn.state != "queued":
        stream.start()
    withdrawals = await _Withdrawals.load(store, handle)
    while page := await store.events(turn.session_id, after=last, limit=_PAGE_EVENTS, turn_id=turn.id):
        for event in page:
            for known in [*await withdrawals.before(event), _logged(event)]:
                stream.take(known)
        last = page[-1].id
        if stream.is_finished:
            break
    return stream


async def _events(
    store: Store, handle: TurnHandle, stream: ResponseStream, *, deltas: bool = True
) -> AsyncGenerator[Json, None]:
    for event in stream.begin():
        yield event
    if handle.turn.state != "queued":
        for event in stream.start():
            yield event
    withdrawals = await _Withdrawals.load(store, handle)
    async with aclosing(handle.events(after=handle.begins_after, deltas=deltas)) as items:
        async for item in items:
            for known in [*await withdrawals.before(item), *_known(item)]:
                for event in stream.take(known):
                    yield event
            if stream.is_finished:
                return


class _Withdrawals:
    """What was withdrawn of texts, looked up before it is needed.

    All of an event that is in the log is on record before it, so what the log had when reading began is read at once.
    """

    def __init__(self, store: Store, session_id: str, known_up_to: int, known: list[Withdrawn]) -> None:
        self._store = store
        self._session_id = session_id
        self._known_up_to = known_up_to
        self._known: defaultdict[int, list[Withdrawal]] = defaultdict(list)
        for one in known:
            self._known[one.event_id].append(_withdrawal(one))

    @classmethod
    async def load(cls, store: Store, handle: TurnHandle) -> _Withdrawals:
        session_id = handle.turn.session_id
        last = await store.last_event_id(session_id)
        return cls(store, session_id, last, await store.withdrawn(session_id, handle.begins_after, last))

    async def before(self, item: Item) -> Sequence[Withdrawal]:
        """What was withdrawn before an item; what comes twice is for its taker to drop."""
        event_id = item.id if isinstance(item, StoredEvent) else item.event_id
        if event_id <= self._known_up_to:
            return self._known.pop(event_id, ())
        if isinstance(item, LiveText) and not item.generation:
            return ()
        found = await self._store.withdrawn(self._session_id, event_id - 1, event_id)
        return [_withdrawal(one) for one in found]


def _withdrawal(row: Withdrawn) -> Withdrawal:
    return Withdrawal(row.event_id, row.generation, row.characters)


def _known(item: Item) -> Iterator[LogItem]:
    if isinstance(item, StoredEvent):
        yield _logged(item)
    elif isinstance(item, LiveText):
        yield LivePiece(item.event_id, item.generation, item.offset, item.text)


def _logged(stored: StoredEvent) -> Logged:
    event = decode_event(stored.body)
    assert isinstance(event, Event), "the log holds events"
    return Logged(stored.id, event, stored.created_at_us // 1_000_000)
