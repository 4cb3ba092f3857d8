"""What `.gitignore` files leave out, at every level (gitignore(5))."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from robocoders.workspace.opening import read_regular_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["IGNORE_FILE", "NO_RULES", "VERSION_CONTROL", "IgnoreRules"]

logger = logging.getLogger("robocoders.workspace")

IGNORE_FILE = ".gitignore"
_LIMIT_BYTES = 1 << 20
_MOST_FILES_REMEMBERED = 256
VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj"})
"""Names that need no rule."""
_DIRECTORY_MARK = "ps_d"
"""The group in which the library's expressions catch the slash after a directory."""
_PLAIN = re.compile(r"!?(?P<anchor>/?)(?P<body>[\w.+~-][\w.+~/-]*?)/?", re.ASCII)
_ENDING = re.compile(r"!?\*(?P<ending>[\w.+~-]+)(?:\[(?P<any_of>\w+)\])?/?", re.ASCII)
# A newline cannot be written in a pattern, but would end a match there: it is replaced by a private character.
_NEWLINE_STAND_IN = "\ue00a"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line of a `.gitignore`, compiled.

    The library's expressions also match what lies below a directory that a pattern names. A walk asks for each
    directory before it enters, so only what a pattern names itself may count: otherwise `!*/` would bring back files
    that a `.gitignore` further up leaves out.
    """

    is_ignoring: bool
    expression: re.Pattern[str]

    def names(self, path: str) -> bool:
        """Whether it names this path (a directory's ends in a slash), not only a directory above it."""
        if _DIRECTORY_MARK not in self.expression.groupindex:
            return self.expression.search(path.removesuffix("/")) is not None
        ends = (match.end(_DIRECTORY_MARK) for match in self.expression.finditer(path))
        return any(end in {-1, len(path)} for end in ends)


@dataclass(frozen=True, slots=True)
class _Level:
    """One `.gitignore`. Most of its lines are plain names: whether one of those can match needs no expression.

    Args:
        depth: How far below the root it lies.
        patterns: Its lines, last one first.
        names: Names that a line without a slash in it gives in full.
        endings: Endings of names, from lines like `*.log`.
        paths: Paths that a line gives in full.
        others: The patterns of all other lines.
    """

    depth: int
    patterns: tuple[_Pattern, ...]
    names: frozenset[str]
    endings: tuple[str, ...]
    paths: frozenset[str]
    others: tuple[_Pattern, ...]

    def verdict(self, parts: Sequence[str], *, is_directory: bool) -> bool | None:
        """Whether the last line that names the path leaves it out; None where no line names it."""
        name = parts[-1]
        path = "/".join(parts[self.depth :])
        asked = path.replace("\n", _NEWLINE_STAND_IN) + ("/" if is_directory else "")
        may_match = name in self.names or name.endswith(self.endings) or path in self.paths
        if not may_match and not any(pattern.names(asked) for pattern in self.others):
            return None
        return next((pattern.is_ignoring for pattern in self.patterns if pattern.names(asked)), None)


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one directory: its own `.gitignore` and those above it, up to the workspace's root.

    Args:
        levels: The `.gitignore` files, the innermost first.
    """

    levels: tuple[_Level, ...] = ()

    def entering(self, directory: int, depth: int) -> IgnoreRules:
        """The rules inside of a directory that is open as descriptor `directory`, `depth` levels below the root."""
        level = _level(_read(directory), depth)
        return IgnoreRules((level, *self.levels)) if level.patterns else self

    def ignores(self, parts: Sequence[str], *, is_directory: bool) -> bool:
        """Whether a path is left out, provided that none of the directories above it is.

        Args:
            parts: The path's components from the root.
            is_directory: Whether it is a directory; patterns that end in a slash match nothing else.
        """
        if parts[-1] in VERSION_CONTROL:
            return True
        verdicts = (level.verdict(parts, is_directory=is_directory) for level in self.levels)
        return next((verdict for verdict in verdicts if verdict is not None), False)


NO_RULES = IgnoreRules()


def _read(directory: int) -> str:
    try:
        data, _status = read_regular_file(directory, IGNORE_FILE, _LIMIT_BYTES)
    except OSError:
        return ""
    return data[:_LIMIT_BYTES].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


@lru_cache(maxsize=_MOST_FILES_REMEMBERED)
def _level(text: str, depth: int) -> _Level:
    names, endings, paths = set[str](), set[str](), set[str]()
    patterns: list[_Pattern] = []
    others: list[_Pattern] = []
    for raw_line in reversed(text.split("\n")):
        line = raw_line.removesuffix("\r")
        pattern = _compiled(line)
        if pattern is None:
            continue
        patterns.append(pattern)
        if plain := _PLAIN.fullmatch(line):
            body = plain["body"]
            (paths if plain["anchor"] or "/" in body else names).add(body)
        elif ending := _ENDING.fullmatch(line):
            endings.update(ending["ending"] + last for last in ending["any_of"] or [""])
        else:
            others.append(pattern)
    return _Level(depth, tuple(patterns), frozenset(names), tuple(sorted(endings)), frozenset(paths), tuple(others))


def _compiled(line: str) -> _Pattern | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415 - most directories have no rules

    try:
        pattern = GitIgnoreSpecPattern(line)
    except ValueError:
        logger.debug("A .gitignore holds a line that is no pattern; its other lines count.")
        return None
    expression = cast("re.Pattern[str] | None", pattern.regex)  # pyright: ignore[reportUnknownMemberType] - untyped there
    return None if pattern.include is None or expression is None else _Pattern(pattern.include, expression)
