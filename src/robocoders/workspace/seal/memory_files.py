"""Files in memory that are handed to another process by their descriptors (memfd_create(2))."""

from __future__ import annotations

import os

__all__ = ["memory_file", "read_memory_file"]


def memory_file(name: str, content: bytes = b"") -> int:
    """A descriptor of a file with this content, read from its beginning. The caller closes it."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def read_memory_file(descriptor: int, size: int) -> bytes:
    """At most the first `size` bytes, wherever the descriptor stands now."""
    chunks: list[bytes] = []
    done = 0
    while done < size and (chunk := os.pread(descriptor, size - done, done)):
        chunks.append(chunk)
        done += len(chunk)
    return b"".join(chunks)
