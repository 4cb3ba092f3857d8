"""Events out of an answer's body, as they arrive."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing

from robocoders.client.transport import Answer
from robocoders.errors import InvalidLineError, ProtocolError, TruncatedLineError
from robocoders.events import Event
from robocoders.wire.codec import decode_event
from robocoders.wire.ndjson import NdjsonDecoder

__all__ = ["read_events"]


async def read_events(
    answer: Answer,
    *,
    max_line_bytes: int | None = None,
    on_invalid_line: Callable[[InvalidLineError], None] | None = None,
) -> AsyncGenerator[Event]:
    """The events of a body, in order. Lines are cut here: line iteration of HTTP libraries fails on long ones.

    Args:
        answer: The answer; the caller closes it.
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
            for event in _events(decoder.feed(chunk), on_invalid_line):
                yield event
    try:
        tail = decoder.close()
    except TruncatedLineError:
        if beginning not in b"{":
            raise InvalidLineError("The server's answer is no JSON; is this a Robocoders server?") from None
        raise
    for event in _events(tail, on_invalid_line):
        yield event


def _events(lines: Iterable[bytes], on_invalid_line: Callable[[InvalidLineError], None] | None) -> Iterator[Event]:
    for line in lines:
        try:
            item = decode_event(line)
        except InvalidLineError as error:
            if on_invalid_line is None:
                raise
            on_invalid_line(error)
            continue
        # Live text was not asked for; a server that sends it nevertheless sends the whole event too.
        if isinstance(item, Event):
            yield item
