"""What the search needs of a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

__all__ = ["SearchedFile", "SearchedTree"]


class SearchedFile(Protocol):
    """A file that was seen."""

    @property
    def path(self) -> str:
        """The path from the root, `/` between components, undecodable bytes as lone surrogates."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def mtime_ns(self) -> int:
        """When its contents changed last, in nanoseconds since the epoch."""
        ...


class SearchedTree(Protocol):
    """A directory tree that can be walked and read."""

    @property
    def root(self) -> Path:
        """Its real directory; it names the index."""
        ...

    def walk(self) -> Iterator[SearchedFile]:
        """Every file worth reading, by status alone."""
        ...

    def load_text(self, path: str) -> str | None:
        """A file's text, None where it is binary; a `WorkspaceError` where it is gone or unreadable."""
        ...
