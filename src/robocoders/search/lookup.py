"""Questions to the index file."""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.search.digesting import NAME_SEPARATOR, unpack_symbols
from robocoders.search.kinds import KIND_FACTORS
from robocoders.search.postings import CALL, MARK_BITS, NAMES, PROSE, SCOPE, STRENGTH_SCALE, Entries, entries_of
from robocoders.search.ranking import Candidate, Hits, term_weights

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from robocoders.search.questions import Term
    from robocoders.search.symbols import Symbol

__all__ = ["Found", "PieceOf", "callers_of", "find", "piece_of", "symbols_in", "symbols_of"]

MAX_CANDIDATES = 600
MAX_CALLS = 5000
_NAMED = 1.5
"""How much more a piece promises that defines a name with the term in it."""
_COLUMNS = (1 << MARK_BITS) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What the index holds of a question.

    Args:
        hits: Of each term and of each of its alternatives, by stem.
        weights: Of each term.
        candidates: The pieces that hold the most of the terms' weight, at most a few hundred.
    """

    hits: Mapping[str, Hits]
    weights: Mapping[str, float]
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class PieceOf:
    """A piece: its file (number, path, digest of the text), its first and last line."""

    file: int
    path: bytes
    digest: bytes
    first_line: int
    last_line: int


def find(connection: sqlite3.Connection, terms: Sequence[Term]) -> Found:
    """Find the pieces that may answer a question."""
    (pieces,) = connection.execute("SELECT pieces FROM state").fetchone()
    stems = {stem for term in terms for stem in (term.stem, *(other for other, _ in term.alternatives))}
    listed = {stem: _Listed(entries_of(connection, stem)) for stem in stems}
    counts = {stem: Hits({}, count=len(found.marks)) for stem, found in listed.items()}
    weights = term_weights(terms, counts, int(pieces))
    candidates = _candidates(connection, _chosen(terms, listed, weights))
    numbers = frozenset(candidate.id for candidate in candidates)
    return Found({stem: found.hits(numbers) for stem, found in listed.items()}, weights, candidates)


def piece_of(connection: sqlite3.Connection, piece: int) -> PieceOf:
    """Where a candidate lies."""
    row = connection.execute(
        "SELECT files.id, path, digest, first_line, last_line"
        " FROM chunks JOIN files ON files.id = chunks.file WHERE chunks.id = ?",
        (piece,),
    ).fetchone()
    return PieceOf(*row)


def callers_of(connection: sqlite3.Connection, name: str) -> list[tuple[PieceOf, int]]:
    """Where something of this name is called, at most a few thousand places: the piece and the line, sources first."""
    entries = entries_of(connection, CALL + name)
    lines: dict[int, int] = {}
    for piece, line in zip(entries.pieces[:MAX_CALLS], entries.marks[:MAX_CALLS], strict=True):
        lines.setdefault(piece, line)
    rows = connection.execute(
        "SELECT chunks.id, files.kind, files.id, path, digest, first_line, last_line"
        " FROM chunks JOIN files ON files.id = chunks.file WHERE chunks.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(lines)),),
    ).fetchall()
    rows.sort(key=lambda row: (-KIND_FACTORS.get(row[1], 0.0), row[3], row[5]))
    return [(PieceOf(*row[2:]), lines[row[0]]) for row in rows]


def symbols_of(connection: sqlite3.Connection, file: int) -> list[Symbol]:
    """What a file defines, by its number."""
    row = connection.execute("SELECT symbols FROM outlines WHERE file = ?", (file,)).fetchone()
    return unpack_symbols(row[0]) if row is not None else []


def symbols_in(connection: sqlite3.Connection, path: bytes) -> list[Symbol]:
    """What a file defines, by its path."""
    row = connection.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
    return symbols_of(connection, row[0]) if row is not None else []


class _Listed:
    """The pieces that hold a stem, with their marks."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self.marks = entries.by_piece()

    def shares(self, factor: float) -> list[tuple[float, Sequence[int]]]:
        """What the stem promises of the pieces that hold it, and of those that name something with it."""
        return [(factor, self._entries.pieces), (_NAMED * factor, self._entries.in_names())]

    def hits(self, pieces: frozenset[int]) -> Hits:
        """The hits among some pieces."""
        marks = {piece: self.marks[piece] for piece in self.marks.keys() & pieces}
        return Hits(
            scores={piece: (mark >> MARK_BITS) / STRENGTH_SCALE for piece, mark in marks.items()},
            in_names=frozenset(piece for piece, mark in marks.items() if mark & NAMES),
            in_scope=frozenset(piece for piece, mark in marks.items() if mark & SCOPE),
            in_prose_only=frozenset(piece for piece, mark in marks.items() if mark & _COLUMNS == PROSE),
            count=len(self.marks),
            best=(max(self._entries.marks, default=0) >> MARK_BITS) / STRENGTH_SCALE,
        )


def _chosen(terms: Sequence[Term], listed: Mapping[str, _Listed], weights: Mapping[str, float]) -> list[int]:
    """The pieces that promise most; the heaviest terms first, so that the common ones seldom need be gone through."""
    promise: dict[int, float] = {}
    left = _NAMED * sum(weights[term.stem] for term in terms)
    is_closed = False
    for term in sorted(terms, key=lambda term: -weights[term.stem]):
        weight = weights[term.stem]
        left -= _NAMED * weight
        if is_closed:
            # No piece that is not among them can still come in.
            for piece, share in _shares_among(promise.keys(), term, listed).items():
                promise[piece] += share * weight
            continue
        for piece, share in _shares(term, listed).items():
            promise[piece] = promise.get(piece, 0.0) + share * weight
        if len(promise) > MAX_CANDIDATES:
            least = heapq.nlargest(MAX_CANDIDATES, promise.values())[-1]
            is_closed = least > left
            if is_closed:
                promise = {piece: value for piece, value in promise.items() if value + left >= least}
    return heapq.nlargest(MAX_CANDIDATES, promise, key=promise.__getitem__)


def _shares(term: Term, listed: Mapping[str, _Listed]) -> dict[int, float]:
    """The best that the term or one of its alternatives promises, for each piece that holds it."""
    parts = [part for stem, factor in ((term.stem, 1.0), *term.alternatives) for part in listed[stem].shares(factor)]
    shares: dict[int, float] = {}
    for factor, pieces in sorted(parts, key=lambda part: part[0]):
        shares.update(dict.fromkeys(pieces, factor))
    return shares


def _shares_among(pieces: AbstractSet[int], term: Term, listed: Mapping[str, _Listed]) -> dict[int, float]:
    """The same, for some pieces only."""
    shares: dict[int, float] = {}
    for stem, factor in ((term.stem, 1.0), *term.alternatives):
        marks = listed[stem].marks
        for piece in marks.keys() & pieces:
            share = factor * _NAMED if marks[piece] & NAMES else factor
            shares[piece] = max(shares.get(piece, 0.0), share)
    return shares


def _candidates(connection: sqlite3.Connection, pieces: Sequence[int]) -> list[Candidate]:
    rows = connection.execute(
        "SELECT chunks.id, chunks.file, files.kind, is_definition, is_owned, last_line - first_line + 1, names "
        "FROM chunks JOIN files ON files.id = chunks.file WHERE chunks.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(pieces)),),
    )
    return [Candidate(row[0], row[1], row[2], bool(row[3]), bool(row[4]), row[5], _names(row[6])) for row in rows]


def _names(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(name.split()) for name in text.split(NAME_SEPARATOR) if name)
