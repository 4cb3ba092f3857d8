"""What the index keeps of a file's text: its definitions, its calls, and its pieces as words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from robocoders.search.chunking import chunks_of
from robocoders.search.kinds import kind_of
from robocoders.search.languages import language_of
from robocoders.search.outline import Call, Symbol
from robocoders.search.prose import split_code
from robocoders.search.symbols import outline_of
from robocoders.search.words import index_words

__all__ = [
    "MAX_LINES_OF_PACKED_FILE",
    "MAX_LINE_CHARACTERS",
    "MOST_LINES_OF_UNKNOWN_FILE",
    "Analysis",
    "Piece",
    "analyse",
]

MAX_LINE_CHARACTERS = 4000
MAX_LINES_OF_PACKED_FILE = 200
"""A file with a longer line is generated or packed: only its beginning is indexed."""

MOST_LINES_OF_UNKNOWN_FILE = 2000
_MOST_LINES = {"generated": 200, "translation": 20}
"""How much is indexed of files that repeat what other files say."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One piece of a file, as it goes into the index.

    Args:
        first_line: Its first line, from 1.
        last_line: Its last line.
        is_definition: Whether it belongs to a definition that begins in it.
        is_owned: Whether it belongs to a definition at all.
        names: The names defined in it, each as the words it is found by.
        scope: The words of what it lies in and of the file's path.
        code: The words of its code.
        prose: The words of its comments and documentation strings.
    """

    first_line: int
    last_line: int
    is_definition: bool
    is_owned: bool
    names: tuple[str, ...]
    scope: str
    code: str
    prose: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """A file as it goes into the index: its pieces in order, its definitions and calls likewise."""

    pieces: Sequence[Piece]
    symbols: Sequence[Symbol]
    calls: Sequence[Call]


def analyse(path: str, text: str) -> Analysis:
    """What the index keeps of a file.

    Args:
        path: From the workspace's root.
        text: The whole file.
    """
    path_words = index_words(path)
    language = language_of(path)
    lines = _worth_indexing(path, language, text.split("\n"))
    outline = outline_of(language, "\n".join(lines))
    pieces: list[Piece] = []
    for chunk in chunks_of(lines, outline.symbols):
        code, prose = split_code(chunk.body.split("\n"), language)
        pieces.append(
            Piece(
                chunk.first_line,
                chunk.last_line,
                chunk.is_definition,
                chunk.is_owned,
                tuple(index_words(name) for name in chunk.names),
                f"{index_words(' '.join(chunk.scope))} {path_words}",
                index_words(code),
                index_words(prose),
            )
        )
    return Analysis(pieces, outline.symbols, outline.calls)


def _worth_indexing(path: str, language: str | None, lines: list[str]) -> list[str]:
    """The lines, or the beginning of those that nobody reads to the end: packed, generated, catalogues, data."""
    most_lines = _MOST_LINES.get(kind_of(path), len(lines))
    if language is None:
        most_lines = min(most_lines, MOST_LINES_OF_UNKNOWN_FILE)
    if max(map(len, lines)) > MAX_LINE_CHARACTERS:
        lines = [line[:MAX_LINE_CHARACTERS] for line in lines]
        most_lines = min(most_lines, MAX_LINES_OF_PACKED_FILE)
    return lines[:most_lines]
