"""One sign-in at a time for each cache file and server, across tasks, threads and processes."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.client.private_files import lock_beside

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["sign_in_lock"]

_POLL_SECONDS = 0.02

_locks_guard = threading.Lock()
_process_locks: dict[Path, threading.Lock] = {}
"""Stand in for lock files that cannot be made."""


@asynccontextmanager
async def sign_in_lock(cache_file: Path, server: str, *, longest_wait_seconds: float = 60.0) -> AsyncGenerator[None]:
    """Hold the right to sign in; whoever gets it reads the cache again first.

    Args:
        cache_file: The cache that the token will be written to.
        server: The server's address in its one form.
        longest_wait_seconds: After this it goes on without: two sign-ins do less harm than none.
    """
    digest = hashlib.sha256(server.encode()).hexdigest()[:16]
    place = cache_file.with_name(f"{cache_file.name}.{digest}")
    held = await _acquire(place, longest_wait_seconds)
    try:
        yield
    finally:
        if held is not None:
            held.release()


async def _acquire(place: Path, longest_wait_seconds: float) -> BaseFileLock | threading.Lock | None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + longest_wait_seconds
    while True:
        held = _try(place)
        if held is not None or loop.time() >= give_up:
            return held
        # A poll, because a thread that waits for a file lock cannot be cancelled with the task it works for.
        await asyncio.sleep(_POLL_SECONDS)


def _try(place: Path) -> BaseFileLock | threading.Lock | None:
    try:
        lock = lock_beside(place)
        lock.acquire(timeout=0)
    except TimeoutError:
        return None
    except OSError:
        with _locks_guard:
            process_lock = _process_locks.setdefault(place, threading.Lock())
        return process_lock if process_lock.acquire(blocking=False) else None
    return lock
