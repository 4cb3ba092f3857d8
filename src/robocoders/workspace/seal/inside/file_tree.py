"""File operations below one directory, by descriptors: no path is ever resolved by the kernel as a whole.

Each component is opened relative to the one before it, never through a symbolic link; links are read and followed here,
as far as they stay below the root. What is swapped between a check and its use is therefore never used.
"""

# ruff: noqa: PTH118, PTH123, PTH208 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import errno
import os
import stat

__all__ = ["FileTree", "OutsideError"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe that was put in a file's place would block for good.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_LINKS = 40
"""As many as the kernel follows."""


class OutsideError(PermissionError):
    """The path leads out of the root; the argument is where it leads, as text."""


class _Walk:
    """Where a path leads: open directories from the root on, and what comes after them."""

    __slots__ = ("descriptors", "leaf", "missing", "names")

    def __init__(self, root: int) -> None:
        self.descriptors = [os.dup(root)]
        self.names: list[str] = []
        self.leaf: str | None = None
        """The last component, where it is no directory."""
        self.missing: list[str] = []
        """Components that do not exist."""

    @property
    def directory(self) -> int:
        return self.descriptors[-1]

    def enter(self, name: str) -> None:
        self.descriptors.append(os.open(name, _DIRECTORY, dir_fd=self.directory))
        self.names.append(name)

    def step(self, name: str) -> bool:
        """Take one component up as what it is; True for a link, which is left to the caller."""
        try:
            mode = os.stat(name, dir_fd=self.directory, follow_symlinks=False).st_mode
        except FileNotFoundError:
            self.missing.append(name)
            return False
        if stat.S_ISLNK(mode):
            return True
        if stat.S_ISDIR(mode):
            self.enter(name)
        else:
            self.leaf = name
        return False

    def leave(self) -> bool:
        """Go up by one; False at the root."""
        if self.missing:
            self.missing.pop()
        elif self.leaf is not None:
            self.leaf = None
        elif self.names:
            self.names.pop()
            os.close(self.descriptors.pop())
        else:
            return False
        return True

    def restart(self) -> None:
        while self.names:
            self.leave()

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


class FileTree:
    """The files below a directory.

    Args:
        root: Its path: absolute, without links.

    Paths are absolute or relative to the root. All operations raise `OutsideError` where a path leads out of the root,
    and the operating system's errors as they are.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._descriptor)

    def realpath(self, path: str) -> str:
        """Where a path leads; components that do not exist stay as they are written."""
        try:
            walk = self._walk(path, lexical=True)
        except OutsideError as error:
            return str(error.args[0])
        walk.close()
        leaf = [] if walk.leaf is None else [walk.leaf]
        return "/".join([self._root.rstrip("/"), *walk.names, *leaf, *walk.missing]) or "/"

    def read(self, path: str, limit_bytes: int) -> bytes:
        """A regular file's content; one that is larger than the limit is EFBIG."""
        walk = self._walk(path)
        try:
            name = _existing_leaf(walk, path)
            descriptor = os.open(name, os.O_RDONLY | _FILE, dir_fd=walk.directory)
        finally:
            walk.close()
        with open(descriptor, "rb", buffering=0) as file:
            _require_regular(os.fstat(descriptor), path)
            data = _read_all(file.fileno(), limit_bytes + 1)
        if len(data) > limit_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        return data

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content in place, through links; directories that are missing are made."""
        walk = self._walk(path)
        try:
            if walk.leaf is None and not walk.missing:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            _make_missing(walk, walk.missing[:-1])
            name = walk.leaf if walk.leaf is not None else walk.missing[-1]
            if walk.leaf is not None:
                _require_regular(os.stat(name, dir_fd=walk.directory, follow_symlinks=False), path)
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | _FILE, 0o666, dir_fd=walk.directory)
        finally:
            walk.close()
        with open(descriptor, "wb", buffering=0) as file:
            _require_regular(os.fstat(descriptor), path)
            os.ftruncate(descriptor, 0)
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]

    def status(self, path: str) -> tuple[bool, int]:
        """Whether it is a directory, and its size in bytes (-1 for what is no regular file)."""
        walk = self._walk(path)
        try:
            if walk.missing:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if walk.leaf is None:
                return True, -1
            status = os.stat(walk.leaf, dir_fd=walk.directory, follow_symlinks=False)
            return False, status.st_size if stat.S_ISREG(status.st_mode) else -1
        finally:
            walk.close()

    def entries(self, path: str) -> list[tuple[str, bool, int]]:
        """Names in a directory with what `status` says of each; links to nowhere or outside are no directories."""
        walk = self._walk(path)
        try:
            if walk.missing:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if walk.leaf is not None:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            names = sorted(os.listdir(walk.directory))
            return [(name, *self._status_of_entry("/".join([*walk.names, name]))) for name in names]
        finally:
            walk.close()

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it; one that is there already is fine."""
        walk = self._walk(path)
        try:
            if walk.leaf is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            _make_missing(walk, walk.missing)
        finally:
            walk.close()

    def remove(self, path: str) -> None:
        """Remove a file, a link (itself), or a directory with all that is in it; the root is EINVAL."""
        walk = self._walk(path, follow_last=False)
        try:
            if walk.missing:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if walk.leaf is not None:
                os.unlink(walk.leaf, dir_fd=walk.directory)
                return
            if not walk.names:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
            import shutil  # noqa: PLC0415 -- takes long to load, and is seldom needed

            try:
                shutil.rmtree(walk.names[-1], dir_fd=walk.descriptors[-2])
            except RecursionError:
                raise OSError(errno.ENAMETOOLONG, "nested too deeply", path) from None
        finally:
            walk.close()

    def _status_of_entry(self, path: str) -> tuple[bool, int]:
        try:
            return self.status(path)
        except OSError:
            return False, -1

    def _walk(self, path: str, *, follow_last: bool = True, lexical: bool = False) -> _Walk:
        walk = _Walk(self._descriptor)
        try:
            self._follow(walk, self._pending(path), follow_last=follow_last, lexical=lexical)
        except BaseException:
            walk.close()
            raise
        return walk

    def _follow(self, walk: _Walk, pending: list[str], *, follow_last: bool, lexical: bool) -> None:
        """Walk along the pending components, last one first; what a link names is put in its place."""
        links = 0
        while pending:
            name = pending.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                if not walk.leave():
                    raise OutsideError(os.path.normpath(os.path.join(self._root, "..", *reversed(pending))))
            elif walk.leaf is not None and not lexical:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), walk.leaf)
            elif walk.missing or walk.leaf is not None:
                walk.missing.append(name)
            elif walk.step(name):
                if not follow_last and all(part in {"", "."} for part in pending):
                    walk.leaf = name
                    return
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
                self._put_target(walk, os.readlink(name, dir_fd=walk.directory), pending)

    def _put_target(self, walk: _Walk, target: str, pending: list[str]) -> None:
        if target.startswith("/"):
            walk.restart()
            pending += self._pending(target, *reversed(pending))
        else:
            pending += reversed(target.split("/"))

    def _pending(self, path: str, *rest: str) -> list[str]:
        """The components below the root, last one first."""
        if "\0" in path:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        if path.startswith("/"):
            below = path.removeprefix(self._root.rstrip("/"))
            if (below == path and self._root != "/") or (below and not below.startswith("/")):
                raise OutsideError(os.path.normpath(os.path.join(path, *rest)))
            path = below
        return path.split("/")[::-1]


def _existing_leaf(walk: _Walk, path: str) -> str:
    if walk.missing:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if walk.leaf is None:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    # Opening a device can have effects of its own, so it is looked at first; the descriptor is checked again.
    _require_regular(os.stat(walk.leaf, dir_fd=walk.directory, follow_symlinks=False), path)
    return walk.leaf


def _make_missing(walk: _Walk, names: list[str]) -> None:
    for name in names:
        try:  # noqa: SIM105 -- contextlib takes long to load
            os.mkdir(name, dir_fd=walk.directory)
        except FileExistsError:
            # Somebody else made it meanwhile; entering it says whether it is a directory.
            pass
        walk.enter(name)


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "no regular file", path)


def _read_all(descriptor: int, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    while limit_bytes > 0 and (chunk := os.read(descriptor, min(limit_bytes, 1 << 20))):
        chunks.append(chunk)
        limit_bytes -= len(chunk)
    return b"".join(chunks)
