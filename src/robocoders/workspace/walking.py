"""Going through a directory tree by descriptors."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from operator import attrgetter
from stat import S_ISREG
from typing import TYPE_CHECKING

from robocoders.workspace.ignoring import IGNORE_FILE, VERSION_CONTROL, IgnoreRules
from robocoders.workspace.opening import open_child_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["MAX_DEPTH", "SeenFile", "scan", "walk_tree"]

MAX_DEPTH = 100
"""Directories below this depth are left out: each level holds one descriptor open."""

_LEFT_OUT = frozenset(
    # What tools install or generate, also where no .gitignore names it.
    {"__pycache__", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
)
_ENVIRONMENT_MARK = "pyvenv.cfg"

Parts = tuple[str, ...]
SeenFile = tuple[str, int, int]
"""A path from the workspace's root, the size in bytes, the time of change in nanoseconds since the epoch."""
_MOST_LISTINGS = 50_000
_MOST_SECONDS = 30.0
"""How long a listing is trusted: there are file systems that do not keep the times of directories."""
_CLOCK_GRAIN_NS = 2_000_000_000
"""A directory that changed within this time may change again without a new time."""
_name_of = attrgetter("name")


def walk_tree(
    directory: int, parts: Parts, rules: IgnoreRules, masked: AbstractSet[Parts], is_unwanted: Callable[[str], bool]
) -> Iterator[list[SeenFile]]:
    """The regular files below an open directory, a list for each directory.

    Files come before subdirectories, both by name. Symbolic links, what `rules` ignore, what is masked, and directories
    of installed or generated files are left out. What vanishes or cannot be read meanwhile is left out, too. Nothing is
    asked of the system twice: a walk of a big tree is part of every search.

    Args:
        directory: The descriptor to start at; it stays open.
        parts: Its path from the workspace's root.
        rules: The rules that hold above it; its own are read here.
        masked: Paths that are hidden, with all that is below them.
        is_unwanted: Whether a file of that name need not be looked at.
    """
    listing, rules = _listing_of(directory, parts, rules, masked, is_unwanted)
    files, subdirectories = listing.look(directory), listing.subdirectories
    if files:
        yield files
    for name in subdirectories if len(parts) < MAX_DEPTH else ():
        try:
            subdirectory = open_child_directory(directory, name)
        except OSError:
            continue
        try:
            yield from walk_tree(subdirectory, (*parts, name), rules, masked, is_unwanted)
        finally:
            os.close(subdirectory)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a walk goes on with in a directory; good while the directory's times and all that it was made of stay.

    Args:
        made_of: The directory's times, its path, the rules inside of it, what is masked, what is unwanted.
        until: The monotonic time in seconds after which it is made anew all the same.
        has_rules: Whether there is a `.gitignore` in it.
        prefix: What stands before the names in a path.
        names: Of the files.
        subdirectories: Of the directories.
    """

    made_of: tuple[object, ...]
    until: float
    has_rules: bool
    prefix: str
    names: tuple[str, ...] = ()
    subdirectories: tuple[str, ...] = ()

    def look(self, directory: int) -> list[SeenFile]:
        """Its files as they are now, without those that vanished."""
        prefix, files = self.prefix, list[SeenFile]()
        for name in self.names:
            try:
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError:
                continue
            if S_ISREG(status.st_mode):
                files.append((prefix + name, status.st_size, status.st_mtime_ns))
        return files


_remembered: dict[tuple[int, int], _Listing] = {}
"""Listings by device and inode. A new or a lost name changes a directory's time: most need not be read again."""


def _listing_of(
    directory: int, parts: Parts, rules: IgnoreRules, masked: AbstractSet[Parts], is_unwanted: Callable[[str], bool]
) -> tuple[_Listing, IgnoreRules]:
    """What to go on with in an open directory, and the rules inside of it."""
    status = os.fstat(directory)
    key = status.st_dev, status.st_ino
    known = _remembered.get(key)
    times = status.st_mtime_ns, status.st_ctime_ns
    if known is not None and known.made_of[0] == times and time.monotonic() < known.until:
        inside = rules.entering(directory, len(parts)) if known.has_rules else rules
        if known.made_of == (times, parts, inside, masked, is_unwanted):
            return known, inside
    entries = scan(directory)
    names = {entry.name for entry in entries}
    has_rules = IGNORE_FILE in names
    inside = rules.entering(directory, len(parts)) if has_rules else rules
    is_left_out = bool(parts) and _ENVIRONMENT_MARK in names
    files, subdirectories = ([], []) if is_left_out else _sorted_out(entries, parts, inside, masked)
    listing = _Listing(
        made_of=(times, parts, inside, frozenset(masked), is_unwanted),
        until=time.monotonic() + _MOST_SECONDS,
        has_rules=has_rules,
        prefix="".join(f"{part}/" for part in parts),
        names=tuple(name for name in files if not is_unwanted(name)),
        subdirectories=tuple(name for name in subdirectories if name not in _LEFT_OUT),
    )
    if status.st_mtime_ns < time.time_ns() - _CLOCK_GRAIN_NS:
        if len(_remembered) >= _MOST_LISTINGS:
            _remembered.clear()
        _remembered[key] = listing
    return listing, inside


def _sorted_out(
    entries: Sequence[os.DirEntry[str]], parts: Parts, rules: IgnoreRules, masked: AbstractSet[Parts]
) -> tuple[list[str], list[str]]:
    """The names of the files and of the subdirectories that are not left out, in order."""
    files, subdirectories = list[str](), list[str]()
    for entry in sorted(entries, key=_name_of):
        name = entry.name
        if name in VERSION_CONTROL or (masked and (*parts, name) in masked):
            continue
        try:
            is_directory, is_file = entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)
        except OSError:
            # Where a file system does not tell kinds along with names, each has to be asked for.
            continue
        if (is_directory or is_file) and not (
            rules.levels and rules.ignores((*parts, name), is_directory=is_directory)
        ):
            (subdirectories if is_directory else files).append(name)
    return files, subdirectories


def scan(directory: int) -> list[os.DirEntry[str]]:
    """What an open directory holds; nothing where it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []
