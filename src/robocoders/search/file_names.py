"""What the path of a file says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from robocoders.search.words import index_words

__all__ = ["FileName", "file_name"]

_LEAST_PART = 4
"""Shorter stems are part of too many words."""
_DECLARATIONS = frozenset(
    {"exc", "errors", "error", "exceptions", "exception", "types", "typing", "constants", "warnings", "typedefs"}
    | {"interfaces"}
)
_DECLARING_ENDINGS = (".d.ts", ".d.cts", ".d.mts", ".pyi")


@dataclass(frozen=True, slots=True)
class FileName:
    """A path as words.

    Args:
        words: The stems of the file's own name, without its suffix.
        folders: Those of the folders it is in.
        squeezed: Its own name as one word.
        is_of_declarations: Whether it is named like a file that only gives names to errors, types or constants.
        only_declares: Whether its suffix says that it holds declarations alone.
    """

    words: frozenset[str]
    folders: frozenset[str]
    squeezed: str
    is_of_declarations: bool
    only_declares: bool

    def holds(self, stem: str) -> bool:
        """Whether a stem is part of the name, as `order` is of `orderinglist`."""
        return len(stem) >= _LEAST_PART and stem in self.squeezed


@lru_cache(maxsize=20_000)
def file_name(path: str) -> FileName:
    """Take a path apart."""
    folder, _, name = path.rpartition("/")
    own = name.rpartition(".")[0] or name
    return FileName(
        frozenset(index_words(own).split()),
        frozenset(index_words(folder).split()),
        own.lower().replace("_", "").replace("-", ""),
        own.partition(".")[0].lower().strip("_") in _DECLARATIONS,
        name.endswith(_DECLARING_ENDINGS),
    )
