"""Who uses a session: a lease is a file lock, so that it ends with its process, however that ends.

A conversation goes on in a cached session only while it holds its lease. Whoever finds it leased, by another task or
another process, takes a session of its own.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from robocoders.client.addresses import normal_address
from robocoders.client.private_files import make_private_directory

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["SessionLease"]

_held_lock = threading.Lock()
_held: set[tuple[Path, str]] = set()
"""The leases of this process. They hold also where no lock file can be made."""


class SessionLease:
    """The right to use one session, until `release`; a context manager that releases.

    Take one by `SessionLease.take`.
    """

    def __init__(self, key: tuple[Path, str], lock: BaseFileLock | None) -> None:
        self._key = key
        self._lock = lock
        self._released = False

    @classmethod
    def take(cls, directory: Path, server: str, sid: str) -> SessionLease | None:
        """Take the lease of a session, or None where somebody has it. Never waits.

        Args:
            directory: Where the lock files lie; where it cannot be written, the lease holds in this process only.
            server: The server's address.
            sid: The session's id; the lock file's name does not give it away.
        """
        name = hashlib.sha256(f"{normal_address(server)}\n{sid}".encode()).hexdigest()
        key = (directory, name)
        with _held_lock:
            if key in _held:
                return None
            try:
                lock = _try_lock(directory / f"{name}.lock")
            except TimeoutError:
                return None
            except OSError:
                lock = None
            _held.add(key)
        return cls(key, lock)

    def release(self) -> None:
        """Give the lease back. Calling it again does nothing."""
        if self._released:
            return
        self._released = True
        with _held_lock:
            if self._lock is not None:
                self._lock.release(force=True)
            _held.discard(self._key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _try_lock(path: Path) -> BaseFileLock:
    from filelock import FileLock  # noqa: PLC0415 - importing the client loads no third-party module

    make_private_directory(path.parent)
    lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
    lock.acquire()
    return lock
