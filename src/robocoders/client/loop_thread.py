"""An event loop on a thread of its own, for those who have none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import Future, InvalidStateError
from typing import Any, Generic, TypeVar

from robocoders.client.fork_selector import ForkSelector
from robocoders.errors import ConfigurationError

__all__ = ["LoopThread"]

_T = TypeVar("_T")

_GRACE_SECONDS = 5.0


class LoopThread:
    """Runs coroutines for blocking callers. The thread begins with the first one and ends with `close`.

    A process that was forked gets a thread of its own. One that nobody closed ends with the program, before its
    modules are taken down: from then on the thread is frozen, and whoever waited for it would wait for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._closed = False
        # At the end of the program the youngest finalizer goes first: clients and iterators close before their thread.
        weakref.finalize(self, _close_at_exit, weakref.ref(self))

    @property
    def is_alive(self) -> bool:
        """Whether there is a thread of this process that runs."""
        running = self._running
        return running is not None and running.is_of_this_process() and not self._closed

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine to its end and return its result; an interrupted wait cancels it.

        Raises:
            ConfigurationError: The thread was closed, or the program ends.
        """
        submission = _Submission(work)
        try:
            self._ready().submit(submission)
            return submission.result.result()
        except BaseException:
            # KeyboardInterrupt arrives here and not in the coroutine, which has to clean up all the same.
            submission.cancel()
            raise

    def post(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine without waiting for it, if the thread lives; its errors are dropped."""
        running = self._running
        if running is None or not self.is_alive or sys.is_finalizing():
            work.close()
            return
        running.submit(_Submission(work))

    def close(self, last_work: Coroutine[Any, Any, object] | None = None) -> None:
        """End the thread after some last work. Calling it again does nothing."""
        with self._lock:
            running, self._running = self._running, None
            self._closed = True
        if running is not None and running.is_of_this_process():
            running.stop(last_work)
        elif last_work is not None:
            last_work.close()

    def _ready(self) -> _Running:
        with self._lock:
            if self._closed or sys.is_finalizing():
                raise ConfigurationError("This client is closed; make a new one")
            if self._running is None or not self._running.is_of_this_process():
                if self._running is not None:
                    self._running.leave_to_parent()
                self._running = _Running()
            return self._running


class _Submission(Generic[_T]):
    """A coroutine on its way to the loop's thread, and its result on the way back.

    Interruptions come at any moment, also while it is being handed over; from then on only the loop's thread touches
    the coroutine.

    Attributes:
        result: What comes of it.
    """

    def __init__(self, work: Coroutine[Any, Any, _T]) -> None:
        self.result: Future[_T] = Future()
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give it to a loop that runs in another thread."""
        # Noted before it is true: whoever is interrupted in between must not close what the other thread may run.
        self._loop = loop
        loop.call_soon_threadsafe(self._begin)

    def cancel(self) -> None:
        """Cancel it, wherever it is."""
        self.result.cancel()
        if self._loop is None:
            self._work.close()
        else:
            # A loop that has ended meanwhile has cancelled it itself.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end)

    def _begin(self) -> None:
        if self.result.cancelled():
            self._work.close()
        else:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # The caller may have cancelled the result at any moment; then nobody waits for it.
        try:
            result = await self._work
        except asyncio.CancelledError:
            self.result.cancel()
            raise
        except BaseException as error:
            with contextlib.suppress(InvalidStateError):
                self.result.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            with contextlib.suppress(InvalidStateError):
                self.result.set_result(result)


class _Running:
    """One thread of one process."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._selector = ForkSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._stopping = asyncio.Event()
        self._last_work: Coroutine[Any, Any, object] | None = None
        # A daemon, so that a client nobody closed does not keep the program from ending.
        self._thread = threading.Thread(target=self._main, name="robocoders-client", daemon=True)
        self._thread.start()

    def is_of_this_process(self) -> bool:
        return self._pid == os.getpid()

    def submit(self, submission: _Submission[Any]) -> None:
        submission.hand_over(self._loop)

    def stop(self, last_work: Coroutine[Any, Any, object] | None) -> None:
        self._last_work = last_work
        self._loop.call_soon_threadsafe(self._stopping.set)
        # The last reference to a client may be dropped on this very thread.
        if threading.current_thread() is not self._thread and not sys.is_finalizing():
            self._thread.join(_GRACE_SECONDS)

    def leave_to_parent(self) -> None:
        """Let go of what a fork copied; the loop itself cannot be closed, for it takes itself for running."""
        self._selector.leave_to_parent()
        # At the end of the program connections would complain there that nobody closed them; they are the parent's.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        _left_to_parent.append(self)

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await self._stopping.wait()
        if self._last_work is not None:
            await self._last_work


def _close_at_exit(reference: weakref.ref[LoopThread]) -> None:
    # Called when the thread's owner is collected too; then there is nothing left to refer to.
    thread = reference()
    if thread is not None:
        thread.close()


_left_to_parent: list[_Running] = []
"""Threads of a parent process, kept so that nobody warns of loops that were not closed."""
