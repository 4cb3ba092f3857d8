"""What `.gitignore` files leave out, at every level (gitignore(5))."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from robocoders.workspace.opening import read_regular_file

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

__all__ = ["NO_RULES", "IgnoreRules"]

logger = logging.getLogger("robocoders.workspace")

_FILE_NAME = ".gitignore"
_LIMIT_BYTES = 1 << 20
_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj"})
_DIRECTORY_MARK = "ps_d"
"""The group in which the library's expressions catch the slash after a directory."""
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
class IgnoreRules:
    """The rules that hold in one directory: its own `.gitignore` and those above it, up to the workspace's root.

    Args:
        levels: The depth of the directory that a `.gitignore` lies in (0: the root), and its patterns, last one first.
    """

    levels: tuple[tuple[int, tuple[_Pattern, ...]], ...] = ()

    def entering(self, directory: int, depth: int) -> IgnoreRules:
        """The rules inside of a directory that is open as descriptor `directory`, `depth` levels below the root."""
        patterns = _read(directory)
        return IgnoreRules(((depth, patterns), *self.levels)) if patterns else self

    def ignores(self, parts: Sequence[str], *, is_directory: bool) -> bool:
        """Whether a path is left out, provided that none of the directories above it is.

        Args:
            parts: The path's components from the root.
            is_directory: Whether it is a directory; patterns that end in a slash match nothing else.
        """
        if parts[-1] in _VERSION_CONTROL:
            return True
        for depth, patterns in self.levels:
            path = "/".join(parts[depth:]).replace("\n", _NEWLINE_STAND_IN) + ("/" if is_directory else "")
            for pattern in patterns:
                if pattern.names(path):
                    return pattern.is_ignoring
        return False


NO_RULES = IgnoreRules()


def _read(directory: int) -> tuple[_Pattern, ...]:
    try:
        data, _status = read_regular_file(directory, _FILE_NAME, _LIMIT_BYTES)
    except OSError:
        return ()
    text = data[:_LIMIT_BYTES].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    patterns = (_compiled(line.removesuffix("\r")) for line in reversed(text.split("\n")))
    return tuple(pattern for pattern in patterns if pattern is not None)


def _compiled(line: str) -> _Pattern | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415 - most directories have no rules

    try:
        pattern = GitIgnoreSpecPattern(line)
    except ValueError:
        logger.debug("A .gitignore holds a line that is no pattern; its other lines count.")
        return None
    expression = cast("re.Pattern[str] | None", pattern.regex)  # pyright: ignore[reportUnknownMemberType] - untyped there
    return None if pattern.include is None or expression is None else _Pattern(pattern.include, expression)
