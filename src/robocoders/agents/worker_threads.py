"""Threads for work that blocks, which cannot keep a stopping server from leaving.

Python's own pool is joined without a bound twice, when the event loop ends and again when the interpreter does, so one
long piece of work (a large workspace being indexed) would hold up the exit. A thread cannot be ended from outside;
these are daemons, which the interpreter does not wait for. That is safe for what they do: they read workspaces, and
what they write lies in search indexes, whose transactions survive being cut off. The store has threads of its own,
which it ends itself before the loop does.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

__all__ = ["WorkerThreads", "in_worker_thread"]

P = ParamSpec("P")
T = TypeVar("T")

_MOST_THREADS = min(32, (os.cpu_count() or 1) + 4)
"""As many as Python's own pool has by default."""


async def in_worker_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work that blocks in a daemon thread of the process's own pool, whatever the event loop's default pool is.

    A thread cannot be cancelled: where the caller is, work that has begun goes on, and nobody hears of its end.
    """
    context = contextvars.copy_context()
    return await asyncio.wrap_future(_pool().submit(context.run, functools.partial(work, *args, **kwargs)))


class WorkerThreads(ThreadPoolExecutor):
    """A pool of daemon threads. It is a `ThreadPoolExecutor` because asyncio takes nothing else as its default.

    Args:
        grace_seconds: How long `shutdown` waits for work that is being done.
    """

    def __init__(self, grace_seconds: float) -> None:
        super().__init__(_MOST_THREADS)
        self._grace_seconds = grace_seconds
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._door = threading.Lock()
        self._shut = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do work in a thread; see `concurrent.futures.Executor.submit`.

        Raises:
            RuntimeError: The pool was shut down.
        """
        future: Future[T] = Future()
        with self._door:
            if self._shut:
                raise RuntimeError("the worker threads were shut down")
            self._work.put((future, lambda: fn(*args, **kwargs)))
            if not self._idle.acquire(blocking=False) and len(self._workers) < _MOST_THREADS:
                worker = threading.Thread(target=self._serve, name="robocoders-worker", daemon=True)
                self._workers.append(worker)
                worker.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - inherited
        """Take no more work. Waits at most the grace for what is being done; work that has not begun is dropped.

        Args:
            wait: Whether to wait at all.
            cancel_futures: Of no effect: what has not begun is never done.
        """
        with self._door:
            self._shut = True
            while not self._work.empty():
                waiting = self._work.get()
                if waiting is not None:
                    waiting[0].cancel()
            for _ in self._workers:
                self._work.put(None)
        until = time.monotonic() + (self._grace_seconds if wait else 0)
        for worker in self._workers:
            worker.join(max(until - time.monotonic(), 0))

    def _serve(self) -> None:
        while (taken := self._work.get()) is not None:
            future, work = taken
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                    future.set_exception(error)
            # Nothing of the work is kept until the next piece comes.
            del taken, future, work
            self._idle.release()


@functools.cache
def _pool() -> WorkerThreads:
    return WorkerThreads(grace_seconds=0)
