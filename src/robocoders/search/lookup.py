"""Questions to the index file."""

from __future__ import annotations

import heapq
import json
import os
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.search.digesting import NAME_SEPARATOR, unpack_symbols
from robocoders.search.kinds import KIND_FACTORS
from robocoders.search.postings import CALL, CODE, NAMES, PROSE, Entries, entries_of
from robocoders.search.ranking import Candidate, CandidateFile, InFile, Occurrences, weigh

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from robocoders.search.questions import Term
    from robocoders.search.ranking import Weighed
    from robocoders.search.symbols import Symbol

__all__ = ["Found", "PieceOf", "callers_of", "find", "path_ending_in", "piece_of", "symbols_in", "symbols_of"]

MAX_CANDIDATES = 400
MAX_CALLS = 5000
_NAMED = 1.5
"""How much more a piece promises that defines a name with the term in it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the index holds of a question.

    Args:
        weighed: Its terms.
        occurrences: Of each term and of each of its alternatives, by stem.
        candidates: The pieces that hold the most of the terms' weight, at most a few hundred.
        files: Their files, by number.
    """

    weighed: Sequence[Weighed]
    occurrences: Mapping[str, Occurrences]
    candidates: Sequence[Candidate]
    files: Mapping[int, CandidateFile]


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
    weighed = weigh(terms, {stem: len(found) for stem, found in listed.items()}, int(pieces))
    candidates = _candidates(connection, _chosen(weighed, listed))
    files = _files(connection, {candidate.file for candidate in candidates})
    numbers = frozenset(candidate.id for candidate in candidates)
    spans = sorted((first, last, number) for number, (first, last, _) in files.items())
    occurrences = {
        stem: Occurrences(len(found), found.columns_of(numbers), found.in_files(spans))
        for stem, found in listed.items()
    }
    return Found(weighed, occurrences, candidates, {number: file for number, (_, _, file) in files.items()})


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


def path_ending_in(connection: sqlite3.Connection, name: bytes) -> bytes | None:
    """The path that is a name or ends in it, the shortest of several; None without any."""
    row = connection.execute(
        "SELECT path FROM files WHERE path = ?1 OR substr(path, -length(?2)) = ?2 ORDER BY length(path), path LIMIT 1",
        (name, b"/" + name),
    ).fetchone()
    return row[0] if row is not None else None


class _Listed:
    """The pieces that hold a stem, with their marks."""

    def __init__(self, entries: Entries) -> None:
        self.marks = entries.by_piece()
        self._entries = entries
        self._ordered: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.marks)

    def shares(self, weight: float) -> list[tuple[float, Sequence[int]]]:
        """What the stem promises of the pieces that hold it, and of those that name something with it."""
        return [(weight, self._entries.pieces), (_NAMED * weight, self._entries.in_names())]

    def columns_of(self, pieces: frozenset[int]) -> dict[int, int]:
        """In which columns some pieces hold it, those that do."""
        return {piece: self.marks[piece] for piece in self.marks.keys() & pieces}

    def in_files(self, spans: Sequence[tuple[int, int, int]]) -> dict[int, InFile]:
        """How it occurs in some files, those in which it does.

        Args:
            spans: Of each file the first and the last piece and its number, in order.
        """
        if self._ordered is None:
            self._ordered = sorted(self.marks)
        found: dict[int, InFile] = {}
        for first, last, number in spans:
            begin = bisect_left(self._ordered, first)
            if begin < len(self._ordered) and self._ordered[begin] <= last:
                end = bisect_right(self._ordered, last, begin)
                found[number] = self._in_file(self._ordered[begin:end], first)
        return found

    def _in_file(self, pieces: Sequence[int], first: int) -> InFile:
        if len(pieces) == 1:
            columns = self.marks[pieces[0]]
            in_head = pieces[0] == first and bool(columns & PROSE)
            return InFile(columns & NAMES, (columns & CODE) // CODE, (columns & PROSE) // PROSE, in_head)
        names = code = prose = 0
        for piece in pieces:
            columns = self.marks[piece]
            names += columns & NAMES
            code += columns & CODE
            prose += columns & PROSE
        in_head = pieces[0] == first and bool(self.marks[first] & PROSE)
        return InFile(names // NAMES, code // CODE, prose // PROSE, in_head)


def _chosen(weighed: Sequence[Weighed], listed: Mapping[str, _Listed]) -> list[int]:
    """The pieces that promise most; the heaviest terms first, so that the common ones seldom need be gone through."""
    promise: dict[int, float] = {}
    heaviest = sorted(((max(weight for _, weight in one.stems), one) for one in weighed), key=lambda pair: -pair[0])
    left = _NAMED * sum(weight for weight, _ in heaviest)
    is_closed = False
    for most, one in heaviest:
        left -= _NAMED * most
        if is_closed:
            # No piece that is not among them can still come in.
            for piece, share in _shares_among(promise.keys(), one, listed).items():
                promise[piece] += share
            continue
        for piece, share in _shares(one, listed).items():
            promise[piece] = promise.get(piece, 0.0) + share
        if len(promise) > MAX_CANDIDATES:
            least = heapq.nlargest(MAX_CANDIDATES, promise.values())[-1]
            is_closed = least > left
            if is_closed:
                promise = {piece: value for piece, value in promise.items() if value + left >= least}
    return heapq.nlargest(MAX_CANDIDATES, promise, key=promise.__getitem__)


def _shares(one: Weighed, listed: Mapping[str, _Listed]) -> dict[int, float]:
    """The best that the term or one of its alternatives promises, for each piece that holds it."""
    parts = [part for stem, weight in one.stems for part in listed[stem].shares(weight)]
    shares: dict[int, float] = {}
    for weight, pieces in sorted(parts, key=lambda part: part[0]):
        shares.update(dict.fromkeys(pieces, weight))
    return shares


def _shares_among(pieces: AbstractSet[int], one: Weighed, listed: Mapping[str, _Listed]) -> dict[int, float]:
    """The same, for some pieces only."""
    shares: dict[int, float] = {}
    for stem, weight in one.stems:
        marks = listed[stem].marks
        for piece in marks.keys() & pieces:
            share = weight * _NAMED if marks[piece] & NAMES else weight
            shares[piece] = max(shares.get(piece, 0.0), share)
    return shares


def _candidates(connection: sqlite3.Connection, pieces: Sequence[int]) -> list[Candidate]:
    rows = connection.execute(
        "SELECT id, file, is_definition, is_owned, last_line - first_line + 1, names FROM chunks"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(pieces)),),
    )
    return [Candidate(row[0], row[1], bool(row[2]), bool(row[3]), row[4], row[5].split(NAME_SEPARATOR)) for row in rows]


def _files(connection: sqlite3.Connection, numbers: AbstractSet[int]) -> dict[int, tuple[int, int, CandidateFile]]:
    """Of some files the first and the last piece, and what ranking wants to know of them."""
    rows = connection.execute(
        "SELECT id, path, kind, first_piece, last_piece FROM files WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    return {
        number: (first, last, CandidateFile(os.fsdecode(path), kind, last - first + 1))
        for number, path, kind, first, last in rows
    }
