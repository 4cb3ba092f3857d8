from __future__ import annotations

import asyncio
import threading

import pytest

from robocoders.agents.worker_threads import WorkerThreads, in_worker_thread

BOUND_SECONDS = 30.0


async def test_work_is_done_side_by_side_and_its_errors_are_raised() -> None:
    """Promise: ours: the event loop's work in threads goes as it does with Python's own pool."""
    asyncio.get_running_loop().set_default_executor(WorkerThreads(1))
    meeting = threading.Barrier(3)
    await asyncio.gather(*(asyncio.to_thread(meeting.wait, BOUND_SECONDS) for _ in range(3)))
    assert await asyncio.gather(*(asyncio.to_thread(pow, 2, n) for n in range(200))) == [2**n for n in range(200)]
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 1, 0)


def test_idle_threads_are_used_again() -> None:
    """Promise: ours: a pool has no more threads than it needs."""
    pool = WorkerThreads(1)
    names = {pool.submit(threading.get_ident).result(BOUND_SECONDS) for _ in range(50)}
    assert len(names) < 50
    pool.shutdown()


def test_a_pool_that_was_shut_down_waits_for_what_ends_and_drops_what_has_not_begun() -> None:
    """Promise: README, stop: what is being done may end within the grace; nothing new is begun."""
    pool = WorkerThreads(BOUND_SECONDS)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go_on.wait(BOUND_SECONDS)

    working = pool.submit(work)
    assert begun.wait(BOUND_SECONDS)
    go_on.set()
    pool.shutdown()
    assert working.result(0)
    with pytest.raises(RuntimeError):
        pool.submit(work)
    stuck, never = threading.Event(), WorkerThreads(0)
    held = [never.submit(stuck.wait, BOUND_SECONDS) for _ in range(100)]
    never.shutdown()
    assert held[-1].cancelled()
    stuck.set()


async def test_work_of_our_own_is_done_in_daemon_threads_and_forgotten_by_whom_was_cancelled() -> None:
    """Promise: README, stop: a stopping server never waits for a workspace that is being indexed."""
    assert await in_worker_thread(lambda: threading.current_thread().daemon)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(BOUND_SECONDS)
        done.set()

    working = asyncio.create_task(in_worker_thread(work))
    assert await in_worker_thread(begun.wait, BOUND_SECONDS)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not done.is_set()
    go_on.set()
    assert await in_worker_thread(done.wait, BOUND_SECONDS)
