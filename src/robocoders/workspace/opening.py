"""Opening files below a directory without ever leaving it.

Each component of a path is opened relative to the directory before it, and never through a symbolic link. A link that
is put in place between a check and an open is therefore refused as well: there is no moment at which a name is
resolved a second time.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

__all__ = ["NotARegularFileError", "open_child_directory", "opened_directory", "read_regular_file"]

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe that was put in a file's place would block the reader for good.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotARegularFileError(OSError):
    """The name is a pipe, a device, a socket or a directory."""


@contextmanager
def opened_directory(root: Path, parts: Sequence[str]) -> Generator[int]:
    """A descriptor of the directory `root/parts`, closed at the end.

    Raises:
        OSError: One of the components is missing, is no directory, or is a symbolic link (not `root` itself).
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            child = open_child_directory(descriptor, part)
            os.close(descriptor)
            descriptor = child
        yield descriptor
    finally:
        os.close(descriptor)


def open_child_directory(directory: int, name: str) -> int:
    """A descriptor of a directory's own subdirectory; the caller closes it.

    Raises:
        OSError: It is missing, is no directory, or is a symbolic link.
    """
    return os.open(name, _DIRECTORY_FLAGS, dir_fd=directory)


def read_regular_file(directory: int, name: str, limit_bytes: int) -> tuple[bytes, os.stat_result]:
    """At most `limit_bytes + 1` bytes of a file in an open directory (one more shows that there are more).

    Raises:
        NotARegularFileError: It is no regular file.
        OSError: It is missing or unreadable, or a symbolic link.
    """
    # Opening a device can have effects of its own, so it is looked at first; the descriptor is checked again below.
    _require_regular(os.stat(name, dir_fd=directory, follow_symlinks=False), name)
    descriptor = os.open(name, _FILE_FLAGS, dir_fd=directory)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        _require_regular(status, name)
        return _read_at_most(file.fileno(), limit_bytes + 1), status


def _require_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotARegularFileError(f"{name!r} is no regular file")


def _read_at_most(descriptor: int, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    left = limit_bytes
    while left > 0 and (chunk := os.read(descriptor, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)
