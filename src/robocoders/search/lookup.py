"""Questions to the index file."""

from __future__ import annotations

import heapq
import json
from typing import TYPE_CHECKING

from robocoders.search.database import NAME_SEPARATOR
from robocoders.search.ranking import Candidate, Hits

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from robocoders.search.questions import Term

__all__ = ["find_candidates", "find_hits", "place_of"]

MAX_CANDIDATES = 600
_COLUMN_WEIGHTS = (4.0, 1.5, 1.0, 0.5)
"""Of names, scope, code and prose."""


def find_hits(connection: sqlite3.Connection, terms: Sequence[Term]) -> tuple[dict[str, Hits], int]:
    """The hits of each term and of each of its alternatives, by stem, and the number of pieces in the index."""
    stems = {stem for term in terms for stem in (term.stem, *(other for other, _ in term.alternatives))}
    (pieces,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
    return {stem: _hits(connection, stem) for stem in stems}, int(pieces)


def find_candidates(
    connection: sqlite3.Connection, terms: Sequence[Term], hits: Mapping[str, Hits], weights: Mapping[str, float]
) -> list[Candidate]:
    """The pieces that hold the most of the terms' weight, at most a few hundred."""
    promise: dict[int, float] = {}
    for term in terms:
        best: dict[int, float] = {}
        for stem, factor in ((term.stem, 1.0), *term.alternatives):
            found = hits[stem]
            for piece in found.scores:
                named = 1.5 if piece in found.in_names else 1.0
                best[piece] = max(best.get(piece, 0.0), factor * named)
        for piece, share in best.items():
            promise[piece] = promise.get(piece, 0.0) + share * weights[term.stem]
    chosen = heapq.nlargest(MAX_CANDIDATES, promise, key=promise.__getitem__)
    return _candidates(connection, chosen)


def place_of(connection: sqlite3.Connection, piece: int) -> tuple[bytes, int, int]:
    """A piece's path, first and last line."""
    row = connection.execute(
        "SELECT files.path, first_line, last_line FROM chunks JOIN files ON files.id = chunks.file WHERE chunks.id = ?",
        (piece,),
    ).fetchone()
    return row[0], row[1], row[2]


def _hits(connection: sqlite3.Connection, stem: str) -> Hits:
    # A stem consists of letters and digits only, so that nothing in it can end the quotation.
    scores = connection.execute(
        "SELECT rowid, -bm25(words, ?, ?, ?, ?) FROM words WHERE words MATCH ?",
        (*_COLUMN_WEIGHTS, f'"{stem}"'),
    ).fetchall()
    beyond_prose = _pieces(connection, f'{{names scope code}} : "{stem}"')
    return Hits(
        scores={row[0]: max(row[1], 1e-9) for row in scores},
        in_prose_only=frozenset(row[0] for row in scores) - beyond_prose,
        in_names=_pieces(connection, f'names : "{stem}"'),
        in_scope=_pieces(connection, f'scope : "{stem}"'),
    )


def _pieces(connection: sqlite3.Connection, query: str) -> frozenset[int]:
    return frozenset(row[0] for row in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,)))


def _candidates(connection: sqlite3.Connection, pieces: Sequence[int]) -> list[Candidate]:
    rows = connection.execute(
        "SELECT chunks.id, chunks.file, files.kind, is_definition, is_owned, last_line - first_line + 1, names "
        "FROM chunks JOIN files ON files.id = chunks.file WHERE chunks.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(pieces)),),
    )
    return [Candidate(row[0], row[1], row[2], bool(row[3]), bool(row[4]), row[5], _names(row[6])) for row in rows]


def _names(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(name.split()) for name in text.split(NAME_SEPARATOR) if name)
