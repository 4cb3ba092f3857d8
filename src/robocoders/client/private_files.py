"""Small files that belong to one user alone: read with suspicion, replaced as a whole, changed under a lock.

A reader sees the old bytes or the new ones, never a mixture: a file is written beside its place and moved there.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["UntrustedFileError", "lock_beside", "locked_beside", "make_private_directory", "read_own", "replace_file"]

_LARGEST_FILE_BYTES = 4 * 1024 * 1024
_LOCK_TIMEOUT_SECONDS = 20.0


class UntrustedFileError(OSError):
    """The file is not a regular file of this user's own, or others may change it."""


def make_private_directory(directory: Path) -> None:
    """Create the directory with mode 0700 and its parents; one that exists stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_own(path: Path, *, forbidden_mode: int) -> bytes:
    """Read a file of this user's own.

    Args:
        path: The file. A symbolic link in its last part is not followed.
        forbidden_mode: Permission bits that must not be set, for instance `0o077`.

    Raises:
        UntrustedFileError: It is a link, no regular file, somebody else's, too open, or absurdly large.
        OSError: It is missing or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check(path, os.fstat(descriptor), forbidden_mode)
        # The file itself does not close it: Python leaves a descriptor open that it cannot read from.
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(_LARGEST_FILE_BYTES)
    finally:
        os.close(descriptor)


def _check(path: Path, status: os.stat_result, forbidden_mode: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UntrustedFileError(f"{path} is no regular file")
    if status.st_uid != os.geteuid():
        raise UntrustedFileError(f"{path} belongs to somebody else")
    if stat.S_IMODE(status.st_mode) & forbidden_mode:
        raise UntrustedFileError(f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o})")
    if status.st_size > _LARGEST_FILE_BYTES:
        raise UntrustedFileError(f"{path} is larger than {_LARGEST_FILE_BYTES} bytes")


def replace_file(path: Path, content: bytes) -> None:
    """Put a file with mode 0600 in place, whole or not at all; whatever was there, a link included, is replaced.

    Raises:
        OSError: The directory cannot be made or written.
    """
    make_private_directory(path.parent)
    # mkstemp makes the file with mode 0600, so it is never open to others, not even before it is moved.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def lock_beside(path: Path) -> BaseFileLock:
    """A lock between processes and threads, in a file `<name>.lock` beside the path; not yet taken.

    Every call gives a lock of its own: two of them exclude each other even in one thread.

    Raises:
        OSError: The directory cannot be made.
    """
    from filelock import FileLock  # noqa: PLC0415 - importing the client loads no third-party module

    make_private_directory(path.parent)
    return FileLock(path.with_name(path.name + ".lock"), mode=0o600, thread_local=False)


@contextmanager
def locked_beside(path: Path) -> Generator[None]:
    """Hold the lock beside the path; waits up to 20 s.

    Raises:
        TimeoutError: Somebody held it for longer.
        OSError: The directory cannot be made or written.
    """
    with lock_beside(path).acquire(timeout=_LOCK_TIMEOUT_SECONDS):
        yield
