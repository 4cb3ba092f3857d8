"""An asynchronous iterator of text, read by code that is not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

__all__ = ["iterate_blocking"]


def iterate_blocking(make: Callable[[], AsyncIterator[str]]) -> Iterator[str]:
    """Yield what an asynchronous iterator yields, driven by an event loop in a thread of its own.

    Nothing happens before the first step. At its end, also an early one, the iterator is closed and the thread ends.

    Args:
        make: Makes the iterator.
    """
    with _loop_in_thread() as loop:
        reader = _Reader(make())
        try:
            while (piece := asyncio.run_coroutine_threadsafe(reader.step(), loop).result()) is not None:
                yield piece
        finally:
            asyncio.run_coroutine_threadsafe(reader.close(), loop).result()


class _Reader:
    """Steps an iterator; can be closed while a step is under way, as Ctrl-C in the waiting thread asks for."""

    def __init__(self, pieces: AsyncIterator[str]) -> None:
        self._pieces = pieces
        self._step: asyncio.Task[str | None] | None = None

    async def step(self) -> str | None:
        """The next piece; None at the end."""
        self._step = asyncio.ensure_future(self._next())
        return await self._step

    async def close(self) -> None:
        """Break off a step that is under way and close the iterator."""
        if self._step is not None and not self._step.done():
            self._step.cancel()
            await asyncio.wait([self._step])
        close: Callable[[], Awaitable[None]] | None = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()

    async def _next(self) -> str | None:
        return await anext(self._pieces, None)


@contextmanager
def _loop_in_thread() -> Generator[asyncio.AbstractEventLoop]:
    running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run_until_told() -> None:
        told = asyncio.Event()
        running.set_result((asyncio.get_running_loop(), told))
        await told.wait()

    # A daemon: an iterator that is left standing must not keep the program from ending.
    thread = Thread(target=lambda: asyncio.run(run_until_told()), name="robocoders-provider", daemon=True)
    thread.start()
    loop, told = running.result()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(told.set)
        thread.join()
