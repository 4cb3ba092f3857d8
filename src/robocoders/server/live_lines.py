"""Events and live text as the lines of an answer: all of them, or what old clients understand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing

from robocoders.engine.hub import Item
from robocoders.events import MessageAction, TextDelta, TextReset
from robocoders.store import LiveReset, LiveText, Store, StoredEvent
from robocoders.wire.capping import cap_line
from robocoders.wire.codec import decode_event, encode_delta, encode_reset
from robocoders.wire.ndjson import encode_line

__all__ = ["Items", "encode_live", "plain_lines", "predecessor", "whole_lines"]

Items = AsyncGenerator[Item, None]
"""Events, and the live text of the ones to come."""

_MOST_CHARACTERS = 4096
"""Of live text in a line. A character takes at most twelve bytes, so no line is longer than old clients can read."""


def encode_live(item: LiveText | LiveReset) -> Iterator[bytes]:
    """Encode a piece of live text, or its withdrawal, as JSON objects without line ends; a long piece as several."""
    if isinstance(item, LiveReset):
        yield encode_reset(TextReset(delta_of=item.event_id))
        return
    for begin in range(0, len(item.text), _MOST_CHARACTERS):
        text = item.text[begin : begin + _MOST_CHARACTERS]
        yield encode_delta(TextDelta(delta_of=item.event_id, offset=item.offset + begin, text=text))


async def whole_lines(items: Items) -> AsyncGenerator[bytes, None]:
    """All there is, each event as it is in the log."""
    async with aclosing(items):
        async for item in items:
            if isinstance(item, StoredEvent):
                yield encode_line(item.body)
            else:
                for body in encode_live(item):
                    yield encode_line(body)


async def plain_lines(
    items: Items, before: Callable[[int], Awaitable[StoredEvent | None]], *, last_only: bool
) -> AsyncGenerator[bytes, None]:
    """The actions, capped, and the live text of messages; a command's output is no action, and so its text is none.

    Args:
        items: A turn's events, with or without live text.
        before: Gives the event before the one of an id, for readers who begin in the middle.
        last_only: Only the closing message.
    """
    previous: StoredEvent | None = None
    judged, spoken = 0, False
    async with aclosing(items):
        async for item in items:
            if isinstance(item, StoredEvent):
                previous = item
                if item.closes_turn if last_only else item.visibility == "action":
                    yield encode_line(cap_line(item.body))
            elif not last_only:
                if item.event_id != judged:
                    if previous is None or previous.id != item.event_id - 1:
                        previous = await before(item.event_id)
                    judged, spoken = item.event_id, previous is None or not _awaits_observation(previous)
                if spoken:
                    for body in encode_live(item):
                        yield encode_line(body)


def predecessor(store: Store, session_id: str) -> Callable[[int], Awaitable[StoredEvent | None]]:
    """A function that gives the event before the one of an id, None before the first."""

    async def before(event_id: int) -> StoredEvent | None:
        found = await store.events(session_id, after=max(event_id - 2, 0), limit=1)
        return found[0] if found and found[0].id == event_id - 1 else None

    return before


def _awaits_observation(event: StoredEvent) -> bool:
    """Whether what comes next is what came of this event: tools run one by one, and of a message nothing comes."""
    return event.visibility == "action" and not isinstance(decode_event(event.body), MessageAction)
