"""Files in pieces that can be found: one for each function, section or run of lines between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.search.languages import language_of
from robocoders.search.symbols import find_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robocoders.search.symbols import Symbol

__all__ = ["Chunk", "chunks_of", "enclosing_symbol"]

MAX_CHUNK_LINES = 60
_PROSE = frozenset({"Markdown", "reStructuredText", "Text"})
_COMMENT_STARTS = ("#", "//", "/*", "*", "@", "--", ";", "///")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file.

    Args:
        first_line: Its first line, from 1.
        last_line: Its last line.
        names: The names defined in it.
        scope: The names of what it lies in.
        is_definition: Whether it belongs to a definition that begins in it; constants are none.
        is_owned: Whether it belongs to a definition at all, instead of lying between them.
        body: Its text.
    """

    first_line: int
    last_line: int
    names: tuple[str, ...]
    scope: tuple[str, ...]
    is_definition: bool
    is_owned: bool
    body: str


def chunks_of(path: str, text: str) -> list[Chunk]:
    """A file's pieces in order; together they hold every line once, blank runs at the end excepted."""
    lines = text.split("\n")
    language = language_of(path)
    symbols = find_symbols(lines, language)
    begins = [symbol.first_line for symbol in symbols]
    owners = _owners(lines, symbols, comments_lead=language not in _PROSE)
    chunks: list[Chunk] = []
    start = 0
    for end in range(1, len(lines) + 1):
        if end < len(lines) and owners[end] == owners[start] and end - start < MAX_CHUNK_LINES:
            continue
        body = "\n".join(lines[start:end])
        if body.strip():
            inside = symbols[bisect_left(begins, start + 1) : bisect_right(begins, end)]
            names = tuple(symbol.name for symbol in inside)
            chunks.append(_chunk(symbols, owners[start], names, (start + 1, end), body))
        start = end
    return chunks


def enclosing_symbol(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The innermost definition that holds a line, None at the top of the file."""
    inner = None
    for symbol in symbols:
        if symbol.first_line > line:
            break
        if line <= symbol.last_line:
            inner = symbol
    return inner


def _owners(lines: Sequence[str], symbols: Sequence[Symbol], *, comments_lead: bool) -> list[int | None]:
    """For each line the index of the definition whose piece it belongs to.

    That is the innermost one, except that what a function defines inside of itself stays with the function, and (where
    `comments_lead`) the comments and decorators right above a definition belong to it.
    """
    owners: list[int | None] = [None] * len(lines)
    for index, symbol in enumerate(symbols):
        if any(not symbols[parent].is_container for parent in _ancestors(symbols, index)):
            continue
        if symbol.is_constant and symbol.last_line == symbol.first_line:
            # It has no piece of its own: its neighbours explain it.
            continue
        first = symbol.first_line - 1
        while comments_lead and first > 0 and lines[first - 1].lstrip().startswith(_COMMENT_STARTS):
            first -= 1
        owners[first : symbol.last_line] = [index] * (symbol.last_line - first)
    return owners


def _ancestors(symbols: Sequence[Symbol], index: int) -> list[int]:
    found: list[int] = []
    parent = symbols[index].parent
    while parent is not None:
        found.append(parent)
        parent = symbols[parent].parent
    return found


def _chunk(
    symbols: Sequence[Symbol], owner: int | None, names: tuple[str, ...], span: tuple[int, int], body: str
) -> Chunk:
    first, last = span
    if owner is None:
        return Chunk(first, last, names, (), is_definition=False, is_owned=False, body=body)
    own = symbols[owner]
    scope = tuple(symbols[parent].name for parent in _ancestors(symbols, owner))
    is_definition = first <= own.first_line <= last
    return Chunk(
        first, last, names, scope if is_definition else (own.name, *scope), is_definition, is_owned=True, body=body
    )
