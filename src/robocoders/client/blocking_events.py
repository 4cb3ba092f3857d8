"""Asynchronous generators, and those of events above all, for blocking callers."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from robocoders.client.loop_thread import LoopThread
from robocoders.errors import ConfigurationError
from robocoders.events import Event, TextDelta, TextReset

__all__ = ["BlockingIterator", "Events", "LiveEvents"]

_T = TypeVar("_T")


class BlockingIterator(Iterator[_T]):
    """A blocking iterator over an asynchronous generator, and a context manager that closes it.

    One that is left early is closed by `close`, by the end of its `with` block, when nothing refers to it any more, or
    when the program ends.
    """

    def __init__(self, owner: object, thread: LoopThread, items: AsyncGenerator[_T]) -> None:
        # Whoever still reads keeps the client, which would end its thread with itself.
        self._owner = owner
        self._thread = thread
        self._items = items
        self._step: asyncio.Task[object] | None = None
        self._closed = False
        weakref.finalize(self, _close_at_exit, weakref.ref(self))

    def __next__(self) -> _T:
        if self._closed:
            raise StopIteration
        try:
            item = self._thread.run(self._next())
        except CancelledError:
            # Another thread closed it meanwhile.
            item = None
        except BaseException:
            self.close()
            raise
        if item is None:
            self._closed = True
            raise StopIteration
        return item

    def close(self) -> None:
        """Drop the connection; the agent works on. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            # A client that is closed has closed its iterators.
            with suppress(ConfigurationError):
                self._thread.run(self._finish())

    def close_if_running(self) -> None:
        """As `close`, unless its thread has ended or is the parent's of this process."""
        if self._thread.is_alive:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            self._closed = True
            # Without waiting: the collector may run on the very thread that would have to do it.
            self._thread.post(self._finish())

    async def _next(self) -> _T | None:
        self._step = asyncio.current_task()
        return await anext(self._items, None)

    async def _finish(self) -> None:
        step = self._step
        if step is not None and not step.done():
            step.cancel()
            await asyncio.wait([step])
        await self._items.aclose()


def _close_at_exit(reference: weakref.ref[BlockingIterator[Any]]) -> None:
    iterator = reference()
    if iterator is not None:
        iterator.close_if_running()


class Events(BlockingIterator[Event]):
    """The events of an answer or of a session's log."""


class LiveEvents(BlockingIterator[Event | TextDelta | TextReset]):
    """The events of an answer or of a session's log, and their text before they are finished."""
