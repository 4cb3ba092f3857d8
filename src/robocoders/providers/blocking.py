"""An asynchronous iterator of text, read by code that is not asynchronous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

from robocoders.client.blocking_events import BlockingIterator
from robocoders.client.loop_thread import LoopThread

__all__ = ["iterate_blocking"]


def iterate_blocking(make: Callable[[], AsyncIterator[str]]) -> Iterator[str]:
    """Yield what an asynchronous iterator yields, driven by an event loop in a thread of its own.

    Nothing happens before the first step. At its end, also an early one, the iterator is closed and the thread ends.

    Args:
        make: Makes the iterator.
    """
    thread = LoopThread()
    try:
        with BlockingIterator(None, thread, _closing(make())) as pieces:
            yield from pieces
    finally:
        thread.close()


async def _closing(pieces: AsyncIterator[str]) -> AsyncGenerator[str]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        close: Callable[[], Awaitable[None]] | None = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
