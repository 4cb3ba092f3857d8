"""What `.gitignore` files leave out, at every level (gitignore(5))."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.workspace.opening import read_regular_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pathspec import GitIgnoreSpec

__all__ = ["NO_RULES", "IgnoreRules"]

logger = logging.getLogger("robocoders.workspace")

_FILE_NAME = ".gitignore"
_LIMIT_BYTES = 1 << 20
_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj"})
# A newline cannot be written in a pattern, but would end a match there: it is replaced by a private character.
_NEWLINE_STAND_IN = "\ue00a"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one directory: its own `.gitignore` and those above it, up to the workspace's root.

    Args:
        levels: The depth of the directory that a specification lies in (0: the root), and the specification.
    """

    levels: tuple[tuple[int, GitIgnoreSpec], ...] = ()

    def entering(self, directory: int, depth: int) -> IgnoreRules:
        """The rules inside of a directory that is open as descriptor `directory`, `depth` levels below the root."""
        specification = _read(directory)
        return self if specification is None else IgnoreRules((*self.levels, (depth, specification)))

    def ignores(self, parts: Sequence[str], *, is_directory: bool) -> bool:
        """Whether a path is left out, provided that none of the directories above it is.

        Args:
            parts: The path's components from the root.
            is_directory: Whether it is a directory; patterns that end in a slash match nothing else.
        """
        if parts[-1] in _VERSION_CONTROL:
            return True
        for depth, specification in reversed(self.levels):
            # Components, not text: `/` never stands inside of one.
            path = "/".join(parts[depth:]).replace("\n", _NEWLINE_STAND_IN) + ("/" if is_directory else "")
            verdict = specification.check_file(path).include
            if verdict is not None:
                return verdict
        return False


NO_RULES = IgnoreRules()


def _read(directory: int) -> GitIgnoreSpec | None:
    try:
        data, _status = read_regular_file(directory, _FILE_NAME, _LIMIT_BYTES)
    except OSError:
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - a workspace without such a file does not pay for it

    text = data[:_LIMIT_BYTES].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    try:
        return GitIgnoreSpec.from_lines(lines, backend="simple")
    except ValueError:
        logger.debug("A .gitignore holds a pattern that is none; its other patterns count.")
    return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)], backend="simple")


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - see above

    try:
        GitIgnoreSpec.from_lines([line], backend="simple")
    except ValueError:
        return False
    return True
