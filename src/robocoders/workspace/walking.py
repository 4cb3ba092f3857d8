"""Going through a directory tree by descriptors."""

from __future__ import annotations

import os
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
    entries = scan(directory)
    entries.sort(key=_name_of)
    names = {entry.name for entry in entries}
    if parts and _ENVIRONMENT_MARK in names:
        return
    if IGNORE_FILE in names:
        rules = rules.entering(directory, len(parts))
    files, subdirectories = _sorted_out(entries, parts, rules, masked, is_unwanted)
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


def _sorted_out(
    entries: Sequence[os.DirEntry[str]],
    parts: Parts,
    rules: IgnoreRules,
    masked: AbstractSet[Parts],
    is_unwanted: Callable[[str], bool],
) -> tuple[list[SeenFile], list[str]]:
    """The files and the names of the subdirectories that a walk goes on with."""
    prefix = "".join(f"{part}/" for part in parts)
    has_rules, files, subdirectories = bool(rules.levels), list[SeenFile](), list[str]()
    for entry in entries:
        name = entry.name
        if name in VERSION_CONTROL or (masked and (*parts, name) in masked):
            continue
        is_directory = entry.is_dir(follow_symlinks=False)
        if has_rules and rules.ignores((*parts, name), is_directory=is_directory):
            continue
        if is_directory:
            if name not in _LEFT_OUT:
                subdirectories.append(name)
        elif entry.is_file(follow_symlinks=False) and not is_unwanted(name):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                # It vanished since its name was read.
                continue
            if S_ISREG(status.st_mode):
                files.append((prefix + name, status.st_size, status.st_mtime_ns))
    return files, subdirectories


def scan(directory: int) -> list[os.DirEntry[str]]:
    """What an open directory holds; nothing where it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []
