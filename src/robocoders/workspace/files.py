"""The workspace: listing, reading and walking a directory tree, and nothing outside of it."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

from robocoders.errors import WorkspaceError
from robocoders.workspace.decoding import decode, is_binary
from robocoders.workspace.ignoring import NO_RULES
from robocoders.workspace.names import quote_path
from robocoders.workspace.opening import NotARegularFileError, open_child_directory, opened_directory, read_regular_file
from robocoders.workspace.suffixes import has_binary_suffix
from robocoders.workspace.walking import scan, walk_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robocoders.workspace.ignoring import IgnoreRules

__all__ = ["DirectoryEntry", "FileText", "Workspace", "WorkspaceFile"]

MAX_WALKED_BYTES = 1 << 20
"""Larger files are not walked."""
MAX_READ_BYTES = 16 << 20
"""Larger files are not read."""
DEFAULT_TEXT_BYTES = 64 << 10


class WorkspaceFile(NamedTuple):
    """A file that was seen: its path from the root with `/` between components, size in bytes, time of change.

    The path is as the operating system gives it; `quote_path` makes it fit for showing.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What a directory holds under one name; `target` is where a symbolic link points (it is never followed)."""

    path: str
    kind: Literal["file", "directory", "link", "other"]
    size: int
    target: str | None = None


@dataclass(frozen=True, slots=True)
class FileText:
    """Lines of a file; lines count from 1, and an empty selection has `last_line` before `first_line`."""

    path: str
    text: str
    first_line: int
    last_line: int
    total_lines: int
    truncated: bool
    """Whether the selection was longer than the limit."""


class Workspace:
    """A directory tree, read by descriptors so that no symbolic link leads out of it.

    Args:
        root: The directory. It may be reached through links itself; it is resolved here.
        masked: Paths that are hidden with everything below them, for instance a data directory inside of the root.

    Raises:
        WorkspaceError: `root` is missing, no directory, or unreadable.
    """

    def __init__(self, root: Path, masked: tuple[Path, ...] = ()) -> None:
        try:
            self.root = root.resolve(strict=True)
            with opened_directory(self.root, ()) as directory, os.scandir(directory):
                pass
        except (OSError, RuntimeError, ValueError) as error:
            reason = _reason(error) if isinstance(error, OSError) else "no usable path"
            raise WorkspaceError(f"The workspace {quote_path(str(root))} cannot be used: {reason}.") from error
        hidden = (path.resolve() for path in masked)
        self._masked = {path.relative_to(self.root).parts for path in hidden if path.is_relative_to(self.root)}

    def list_directory(self, path: str = ".") -> list[DirectoryEntry]:
        """What a directory holds, by name, without what is ignored or masked.

        Raises:
            WorkspaceError: The path leads out of the workspace, is ignored, missing, or no directory.
        """
        parts = self._parts(path)
        try:
            with opened_directory(self.root, parts) as directory:
                rules = self._rules_inside(parts, path)
                names = sorted(entry.name for entry in scan(directory))
                entries = (self._entry(directory, (*parts, name), rules) for name in names)
                return [entry for entry in entries if entry is not None]
        except OSError as error:
            raise self._error(parts, path, error) from error

    def relative(self, path: str) -> str:
        """A path as `walk` gives it; empty for the root.

        Raises:
            WorkspaceError: It leads out of the workspace.
        """
        return "/".join(self._parts(path))

    def read_text(self, path: str, start: int = 1, end: int = -1, limit_bytes: int = DEFAULT_TEXT_BYTES) -> FileText:
        """Lines `start` to `end` of a text file, both included, counted from 1; an `end` below 1 is the last line.

        Raises:
            WorkspaceError: The path leads out of the workspace, is ignored, missing, a link, no regular file, binary,
                or larger than 16 MiB.
        """
        content = _text(self.read_bytes(path))
        if content is None:
            raise WorkspaceError(f"{quote_path(path)} is no text file.")
        lines = content.split("\n")
        if lines[-1] == "":
            # The line end of the last line begins no further line.
            lines.pop()
        first = max(start, 1)
        last = min(end if end >= 1 else len(lines), len(lines))
        chosen: list[str] = []
        left = limit_bytes
        for line in lines[first - 1 : last]:
            left -= len(line.encode()) + 1
            if left < 0:
                break
            chosen.append(line)
        shown_last = first - 1 + len(chosen)
        return FileText(
            "/".join(self._parts(path)), "\n".join(chosen), first, shown_last, len(lines), shown_last < last
        )

    def read_bytes(self, path: str, limit_bytes: int = MAX_READ_BYTES) -> bytes:
        """The bytes of a file that is not ignored.

        Raises:
            WorkspaceError: As `read_text`, binary files excepted; `limit_bytes` is the largest size.
        """
        return self._read(self._parts(path), path, limit_bytes, check_ignored=True)

    def load_text(self, path: str) -> str | None:
        """The whole text of a file that `walk` gave (what is ignored is not asked again), None where it is binary.

        Raises:
            WorkspaceError: As `read_bytes`.
        """
        return _text(self._read(self._parts(path), path, MAX_READ_BYTES, check_ignored=False))

    def walk(self) -> Iterator[WorkspaceFile]:
        """Every file that is worth reading: neither ignored nor masked, at most 1 MiB, not binary by its suffix.

        Only status is read, so that it is fast; a file that proves binary later is for the reader to skip.

        Raises:
            WorkspaceError: The root is gone.
        """
        try:
            with opened_directory(self.root, ()) as directory:
                if not self._is_masked(()):
                    for files in walk_tree(directory, (), NO_RULES, self._masked, has_binary_suffix):
                        yield from map(WorkspaceFile._make, (file for file in files if file[1] <= MAX_WALKED_BYTES))
        except OSError as error:
            raise self._error((), ".", error) from error

    def _read(self, parts: tuple[str, ...], shown: str, limit_bytes: int, *, check_ignored: bool) -> bytes:
        if not parts:
            raise WorkspaceError("The workspace itself is a directory; list it instead.")
        try:
            if check_ignored and self._rules_inside(parts[:-1], shown).ignores(parts, is_directory=False):
                raise WorkspaceError(f"{quote_path(shown)} is left out by .gitignore or version control.")
            with opened_directory(self.root, parts[:-1]) as directory:
                data, _status = read_regular_file(directory, parts[-1], limit_bytes)
        except OSError as error:
            raise self._error(parts, shown, error) from error
        if len(data) > limit_bytes:
            raise WorkspaceError(f"{quote_path(shown)} is larger than {limit_bytes} bytes.")
        return data

    def _parts(self, path: str) -> tuple[str, ...]:
        """The components of a path, which may be absolute where it lies inside."""
        if "\0" in path:
            raise WorkspaceError(f"{quote_path(path)} is no path.")
        pure = PurePosixPath(path)
        if pure.is_absolute():
            if not pure.is_relative_to(self.root):
                raise WorkspaceError(f"{quote_path(path)} lies outside of the workspace.")
            pure = pure.relative_to(self.root)
        if ".." in pure.parts:
            raise WorkspaceError(f"{quote_path(path)} may not contain '..': only what lies in the workspace is read.")
        if self._is_masked(pure.parts):
            raise WorkspaceError(f"{quote_path(path)} does not exist in this workspace.")
        return pure.parts

    def _is_masked(self, parts: tuple[str, ...]) -> bool:
        return any(parts[: len(hidden)] == hidden for hidden in self._masked)

    def _rules_inside(self, parts: tuple[str, ...], shown: str) -> IgnoreRules:
        """The rules that hold in a directory.

        Raises:
            WorkspaceError: The directory, or one above it, is ignored.
        """
        with opened_directory(self.root, ()) as top:
            rules = NO_RULES.entering(top, 0)
            directory = os.dup(top)
            try:
                for depth in range(1, len(parts) + 1):
                    if rules.ignores(parts[:depth], is_directory=True):
                        raise WorkspaceError(f"{quote_path(shown)} is left out by .gitignore or version control.")
                    child = open_child_directory(directory, parts[depth - 1])
                    os.close(directory)
                    directory = child
                    rules = rules.entering(directory, depth)
            finally:
                os.close(directory)
        return rules

    def _entry(self, directory: int, parts: tuple[str, ...], rules: IgnoreRules) -> DirectoryEntry | None:
        name = parts[-1]
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            is_directory = stat.S_ISDIR(status.st_mode)
            if self._is_masked(parts) or rules.ignores(parts, is_directory=is_directory):
                return None
            path = "/".join(parts)
            if stat.S_ISLNK(status.st_mode):
                return DirectoryEntry(path, "link", 0, os.readlink(name, dir_fd=directory))
        except OSError:
            # It vanished meanwhile.
            return None
        kind = "directory" if is_directory else "file" if stat.S_ISREG(status.st_mode) else "other"
        return DirectoryEntry(path, kind, status.st_size if kind == "file" else 0)

    def _error(self, parts: tuple[str, ...], shown: str, error: OSError) -> WorkspaceError:
        for length in range(1, len(parts) + 1):
            target = self._link_target(parts[:length])
            if target is not None:
                return WorkspaceError(
                    f"{quote_path('/'.join(parts[:length]))} is a symbolic link to {quote_path(target)}; links are "
                    "not followed, name the target if it lies in the workspace."
                )
        return WorkspaceError(f"{quote_path(shown)} cannot be read: {_reason(error)}.")

    def _link_target(self, parts: tuple[str, ...]) -> str | None:
        try:
            with opened_directory(self.root, parts[:-1]) as directory:
                return os.readlink(parts[-1], dir_fd=directory)
        except OSError:
            return None


def _text(data: bytes) -> str | None:
    return None if is_binary(data) else decode(data)


def _reason(error: OSError) -> str:
    if isinstance(error, NotARegularFileError):
        return "it is no regular file"
    return {
        errno.ENOENT: "there is no such file or directory",
        errno.ENOTDIR: "it is no directory",
        errno.EACCES: "permission is denied",
        errno.ELOOP: "it is a symbolic link",
    }.get(error.errno or 0, error.strerror or "it cannot be opened")
