"""Going through a directory tree by descriptors."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from robocoders.workspace.ignoring import IgnoreRules
from robocoders.workspace.opening import open_child_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MAX_DEPTH", "scan", "walk_tree"]

MAX_DEPTH = 100
"""Directories below this depth are left out: each level holds one descriptor open."""

_LEFT_OUT = frozenset(
    # What tools install or generate, also where no .gitignore names it.
    {"__pycache__", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
)
_ENVIRONMENT_MARK = "pyvenv.cfg"

Parts = tuple[str, ...]


def walk_tree(
    directory: int, parts: Parts, rules: IgnoreRules, is_masked: Callable[[Parts], bool]
) -> Iterator[tuple[Parts, os.stat_result]]:
    """Every regular file below an open directory, as path components and status; files before subdirectories, by name.

    Symbolic links, what `rules` ignore, what is masked, and directories of installed or generated files are left out.
    What vanishes or cannot be read meanwhile is left out, too.

    Args:
        directory: The descriptor to start at; it stays open.
        parts: Its path from the workspace's root.
        rules: The rules that hold inside of it.
        is_masked: Whether a path is hidden, with all that is below it.
    """
    subdirectories: list[Parts] = []
    for entry in sorted(scan(directory), key=lambda entry: entry.name):
        path = (*parts, entry.name)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        is_directory = stat.S_ISDIR(status.st_mode)
        if is_masked(path) or rules.ignores(path, is_directory=is_directory):
            continue
        if is_directory:
            subdirectories.append(path)
        elif stat.S_ISREG(status.st_mode):
            yield path, status
    for path in subdirectories:
        if path[-1] not in _LEFT_OUT and len(path) <= MAX_DEPTH:
            yield from _walk_subdirectory(directory, path, rules, is_masked)


def _walk_subdirectory(
    parent: int, path: Parts, rules: IgnoreRules, is_masked: Callable[[Parts], bool]
) -> Iterator[tuple[Parts, os.stat_result]]:
    try:
        directory = open_child_directory(parent, path[-1])
    except OSError:
        return
    try:
        if not _is_environment(directory):
            yield from walk_tree(directory, path, rules.entering(directory, len(path)), is_masked)
    finally:
        os.close(directory)


def scan(directory: int) -> list[os.DirEntry[str]]:
    """What an open directory holds; nothing where it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _is_environment(directory: int) -> bool:
    """Whether it is a Python virtual environment."""
    try:
        os.stat(_ENVIRONMENT_MARK, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return True
