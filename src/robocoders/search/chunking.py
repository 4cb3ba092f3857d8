"""Files in pieces that can be found: one for each function, section or run of lines between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robocoders.search.outline import Symbol

__all__ = ["Chunk", "chunks_of", "enclosing_symbol"]

MAX_CHUNK_LINES = 60


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


def chunks_of(lines: Sequence[str], symbols: Sequence[Symbol]) -> list[Chunk]:
    """A file's pieces in order; together they hold every line once, blank runs at the end excepted.

    Args:
        lines: The file's lines.
        symbols: The definitions in it, in the order in which they begin.
    """
    begins = [symbol.first_line for symbol in symbols]
    owners = _owners(len(lines), symbols)
    chunks: list[Chunk] = []
    start = 0
    for end in range(1, len(lines) + 1):
        if end < len(lines) and owners[end] == owners[start] and end - start < MAX_CHUNK_LINES:
            continue
        body = "\n".join(lines[start:end])
        if body.strip():
            names = tuple(symbol.name for symbol in symbols[bisect_left(begins, start + 1) : bisect_right(begins, end)])
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


def _owners(count: int, symbols: Sequence[Symbol]) -> list[int | None]:
    """For each of `count` lines the index of the definition whose piece it belongs to.

    That is the innermost one, from its leading comment on, except that what a function defines inside of itself stays
    with the function.
    """
    owners: list[int | None] = [None] * count
    is_inside: list[bool] = []
    for index, symbol in enumerate(symbols):
        parent = symbol.parent
        is_inside.append(parent is not None and (is_inside[parent] or not symbols[parent].is_container))
        if is_inside[index]:
            continue
        if _is_explained_by_neighbours(symbol, symbols, owners):
            continue
        owners[symbol.lead_line - 1 : symbol.last_line] = [index] * (symbol.last_line - symbol.lead_line + 1)
    return owners


def _is_explained_by_neighbours(symbol: Symbol, symbols: Sequence[Symbol], owners: Sequence[int | None]) -> bool:
    """Whether a definition has no piece of its own."""
    around = symbols[symbol.parent].kind if symbol.parent is not None else "module"
    if symbol.is_constant and not symbol.is_container:
        return symbol.last_line == symbol.lead_line or around != "module"
    # `} alias;` at the end of a type.
    return symbol.last_line == symbol.lead_line and owners[symbol.last_line - 1] not in {None, symbol.parent}


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
    scope = (*((own.owner,) if own.owner else ()), *(symbols[parent].name for parent in _ancestors(symbols, owner)))
    is_definition = first <= own.first_line <= last
    return Chunk(
        first, last, names, scope if is_definition else (own.name, *scope), is_definition, is_owned=True, body=body
    )
