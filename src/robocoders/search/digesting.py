"""What the index keeps of a file, made of its text: pure, and most of the work of indexing."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import fields

import msgspec

from robocoders.search.analysis import analyse
from robocoders.search.database import damage
from robocoders.search.postings import Postings
from robocoders.search.symbols import Symbol

__all__ = [
    "NAME_SEPARATOR",
    "FileDigest",
    "PieceRow",
    "digest_file",
    "digest_of_text",
    "most_pieces",
    "pack_symbols",
    "unpack_symbols",
]

NAME_SEPARATOR = "|"
"""Between the names of a piece; each name is the stems of its parts, separated by spaces."""

PieceRow = tuple[int, int, int, bool, bool, str]
"""A piece's number, first line, last line, whether it begins a definition, whether it belongs to one, its names."""

_SymbolRow = tuple[str, str, str, int, int, int, bool, bool, int | None, str, str]
_FIELDS = tuple(field.name for field in fields(Symbol))
_symbol_rows = msgspec.msgpack.Decoder(list[_SymbolRow])


class FileDigest(msgspec.Struct, frozen=True, array_like=True):
    """A file's pieces and its symbols (as `pack_symbols` gives them). Its words go into postings."""

    pieces: list[PieceRow]
    symbols: bytes


def digest_of_text(text: str | None) -> bytes:
    """What tells one text from another; None is that of a binary file."""
    return hashlib.blake2b((text or "").encode("utf-8", "surrogatepass"), digest_size=16).digest()


def most_pieces(text: str) -> int:
    """More pieces than a text can have: each has a line of its own."""
    return text.count("\n") + 1


def digest_file(path: str, text: str, first_piece: int, postings: Postings) -> FileDigest:
    """Enter a file's words and calls into postings, and return the rest of what the index keeps.

    Args:
        path: From the workspace's root.
        text: The whole file.
        first_piece: The number of its first piece; the others follow.
        postings: Where to enter words.
    """
    analysis = analyse(path, text)
    rows: list[PieceRow] = []
    for number, piece in enumerate(analysis.pieces, start=first_piece):
        postings.add_piece(number, piece)
        names = NAME_SEPARATOR.join(piece.names)
        rows.append((number, piece.first_line, piece.last_line, piece.is_definition, piece.is_owned, names))
    begins = [piece.first_line for piece in analysis.pieces]
    for call in analysis.calls:
        place = bisect_right(begins, call.line) - 1
        if place >= 0:
            postings.add_call(first_piece + place, call.name, call.line)
    return FileDigest(rows, pack_symbols(analysis.symbols))


def pack_symbols(symbols: Sequence[Symbol]) -> bytes:
    """Symbols as bytes."""
    return msgspec.msgpack.encode([[getattr(symbol, name) for name in _FIELDS] for symbol in symbols])


def unpack_symbols(data: bytes) -> list[Symbol]:
    """The symbols that `pack_symbols` packed; the index's version tells that their fields are the same.

    Raises:
        sqlite3.DatabaseError: It did not pack this: the index is damaged.
    """
    try:
        return [Symbol(*row) for row in _symbol_rows.decode(data)]
    except msgspec.MsgspecError as error:
        raise damage() from error
