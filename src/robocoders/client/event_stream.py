"""Events and live text out of an answer's body, as they arrive."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing

from robocoders.client.transport import Answer
from robocoders.errors import InvalidLineError, ProtocolError, TruncatedLineError
from robocoders.events import Event
from robocoders.wire.codec import StreamItem, decode_event
from robocoders.wire.ndjson import NdjsonDecoder

__all__ = ["only_events", "read_items"]


async def only_events(items: AsyncGenerator[StreamItem]) -> AsyncGenerator[Event]:
    """The events of a stream from which no live text was asked for."""
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Event):
                yield item


async def read_items(
    answer: Answer,
    *,
    deltas: bool = False,
    max_line_bytes: int | None = None,
    on_invalid_line: Callable[[InvalidLineError], None] | None = None,
) -> AsyncGenerator[StreamItem]:
    """The events of a body, in order. Lines are cut here: line iteration of HTTP libraries fails on long ones.

    Args:
        answer: The answer; the caller closes it.
        deltas: Live text, too. A server that sends it without being asked sends the whole event too.
        max_line_bytes: Longest line; None for no limit.
        on_invalid_line: Told of each line that is no JSON object, which is then skipped; None raises it instead.

    Raises:
        TransportFailure: The body broke off or fell silent.
        TruncatedLineError: Its last line was cut in the middle.
        InvalidLineError: A line is no JSON object.
        LineTooLongError: A line is longer than the limit.
        ProtocolError: The body is a page and no stream.
    """
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        raise ProtocolError("The server answered with a page instead of events; is this a Robocoders server?")
    decoder = NdjsonDecoder(max_line_bytes)
    beginning = b""
    async with aclosing(answer.chunks()) as chunks:
        async for chunk in chunks:
            beginning = beginning or chunk.lstrip()[:1]
            for item in _items(decoder.feed(chunk), on_invalid_line):
                if deltas or isinstance(item, Event):
                    yield item
    try:
        tail = decoder.close()
    except TruncatedLineError:
        if beginning not in b"{":
            raise InvalidLineError("The server's answer is no JSON; is this a Robocoders server?") from None
        raise
    for item in _items(tail, on_invalid_line):
        if deltas or isinstance(item, Event):
            yield item


def _items(lines: Iterable[bytes], on_invalid_line: Callable[[InvalidLineError], None] | None) -> Iterator[StreamItem]:
    for line in lines:
        try:
            yield decode_event(line)
        except InvalidLineError as error:
            if on_invalid_line is None:
                raise
            on_invalid_line(error)
