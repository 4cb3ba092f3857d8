"""How much a directory tree holds, measured in slices so that the watcher never stops watching."""

# ruff: noqa: PTH116, PTH208 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import os
import stat
import time

__all__ = ["TreeSize"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ENTRY_BYTES = 1024
"""What a name itself counts: empty files fill a disk, too."""
_DEEPEST = 256
"""Deeper trees can hide what they hold from whoever walks them; they count as too large."""


class TreeSize:
    """The size of a tree on disk: allocated blocks, not apparent sizes.

    Between two measurements the free space of the file system tells whether the limit can have been exceeded.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self.device = os.stat(root).st_dev
        self.known_bytes = 0
        self.spent_seconds = 0.0
        self.due_at = 0.0
        self._free_bytes = self._free()
        self._counted = 0
        self._open: list[tuple[int, list[str]]] = []
        self._free_at_begin = self._free_bytes
        self._has_measured = False
        self._first_free_bytes = self._free_bytes
        self._first_known_bytes = 0
        self.has_hidden = False
        """Whether a directory could not be read: by its owner, who is the only one in a seal to take that right."""

    @property
    def unexplained_bytes(self) -> int:
        """What the file system lost since the first measurement and the tree did not gain."""
        lost = self._first_free_bytes - self._free_at_begin
        return lost - (self.known_bytes - self._first_known_bytes)

    def is_gone(self) -> bool:
        """Whether the tree was deleted."""
        try:
            return os.stat(self._root).st_nlink == 0
        except OSError:
            return True

    def could_exceed(self, limit_bytes: int) -> bool:
        """Whether as much space was taken since the last measurement as the limit still allows."""
        return self._has_measured and self.known_bytes + self._free_bytes - self._free() > limit_bytes

    def measure(self, deadline: float, limit_bytes: int) -> bool:
        """Go on measuring; True when it is complete or certain to exceed the limit.

        Args:
            deadline: The `time.monotonic()` at which to come back later.
            limit_bytes: What the tree may hold.
        """
        begun = time.monotonic()
        if not self._open:
            self._counted, self.spent_seconds, self.has_hidden = 0, 0.0, False
            self._free_at_begin = self._free()
            self._enter(self._root, None)
        while self._open and time.monotonic() < deadline:
            if self._counted > limit_bytes or len(self._open) > _DEEPEST:
                self._counted = max(self._counted, limit_bytes + 1)
                self._drop()
            else:
                self._step()
        self.spent_seconds += time.monotonic() - begun
        return not self._open

    def finish(self, unlinked_bytes: int) -> None:
        """Take over what was measured, with what open files without a name hold."""
        self.known_bytes = self._counted + unlinked_bytes
        self._free_bytes = self._free_at_begin
        if not self._has_measured:
            self._first_free_bytes, self._first_known_bytes = self._free_at_begin, self.known_bytes
        self._has_measured = True

    def _step(self) -> None:
        directory, names = self._open[-1]
        if not names:
            self._open.pop()
            os.close(directory)
            return
        name = names.pop()
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            self._counted += status.st_blocks * 512 + _ENTRY_BYTES
            if stat.S_ISDIR(status.st_mode) and status.st_dev == self.device:
                self._enter(name, directory)
        except PermissionError:
            self.has_hidden = True
        except OSError:
            # It vanished.
            return

    def _enter(self, name: str, parent: int | None) -> None:
        directory = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            self._open.append((directory, os.listdir(directory)))
        except OSError:
            os.close(directory)

    def _drop(self) -> None:
        for directory, _ in self._open:
            os.close(directory)
        self._open.clear()

    def _free(self) -> int:
        status = os.statvfs(self._root)
        return status.f_bfree * status.f_frsize
