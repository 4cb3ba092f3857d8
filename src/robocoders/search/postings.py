"""Which pieces hold a word: lists of entries in the index file, made in memory and written in segments.

An entry is one number: the piece in its upper half, a mark in its lower half. A list of entries is kept as one value,
so that the tens of thousands of pieces that hold a common word are read in a millisecond or two. A segment is never
changed: what is indexed later makes a further segment, what is forgotten is left out when segments are merged. Until
then entries of pieces that are gone lead nowhere.

A word's mark says in which columns of the piece it is. A call's mark is its line; calls are listed under the called
name with `CALL` before it, which no word begins with.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import compress, groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from robocoders.search.database import damage

if TYPE_CHECKING:
    from robocoders.search.analysis import Piece

__all__ = [
    "CALL",
    "NAMES",
    "PROSE",
    "SCOPE",
    "Entries",
    "Postings",
    "entries_of",
    "merge_segments",
    "write_segment",
]

CALL = "("
NAMES, SCOPE, CODE, PROSE = 1, 2, 4, 8
"""The columns of a piece, as bits of a mark."""
_MOST_SEGMENTS = 8
_ENTRY_BYTES = 8


class Postings:
    """Lists of entries that grow in memory."""

    def __init__(self) -> None:
        self._lists: defaultdict[str, array[int]] = defaultdict(partial(array, "Q"))
        self.entries = 0

    def add_piece(self, number: int, piece: Piece) -> None:
        """Enter the words of a piece under its number."""
        names, scope = set(" ".join(piece.names).split()), set(piece.scope.split())
        code, prose = set(piece.code.split()), set(piece.prose.split())
        lists = self._lists
        # Most words are in one column alone, and those of one column have one mark.
        several = (names & scope) | ((names | scope) & code) | ((names | scope | code) & prose)
        for column, words_of_it in ((NAMES, names), (SCOPE, scope), (CODE, code), (PROSE, prose)):
            entry = number << 32 | column
            for word in words_of_it - several:
                lists[word].append(entry)
            self.entries += len(words_of_it)
        for word in several:
            mask = (word in names) + 2 * (word in scope) + 4 * (word in code) + 8 * (word in prose)
            lists[word].append(number << 32 | mask)

    def add_call(self, number: int, name: str, line: int) -> None:
        """Enter a call that stands on a line of a piece."""
        self._lists[CALL + name].append(number << 32 | min(line, 0xFFFFFFFF))
        self.entries += 1

    def add_packed(self, packed: Mapping[str, bytes]) -> None:
        """Enter what `packed` gave elsewhere."""
        lists = self._lists
        for word, data in packed.items():
            lists[word].frombytes(data)
            self.entries += len(data) // _ENTRY_BYTES

    def packed(self) -> dict[str, bytes]:
        """All lists, as bytes in this machine's order."""
        return {word: entries.tobytes() for word, entries in self._lists.items()}

    def take(self) -> Iterator[tuple[str, bytes]]:
        """All lists by name, and empty these."""
        lists = self._lists
        self._lists, self.entries = defaultdict(partial(array, "Q")), 0
        for word in sorted(lists):
            yield word, lists.pop(word).tobytes()


class Entries:
    """The entries of one word, everywhere.

    Args:
        data: As stored.

    Raises:
        sqlite3.DatabaseError: It never was: the index is damaged.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) % _ENTRY_BYTES:
            raise damage()
        halves = array("I")
        halves.frombytes(data)
        # The lower half comes first on a little-endian machine.
        low = 0 if _IS_LITTLE else 1
        self.pieces = halves[1 - low :: 2]
        self.marks = halves[low::2]

    def __len__(self) -> int:
        return len(self.pieces)

    def by_piece(self) -> dict[int, int]:
        """The mark of each piece."""
        return dict(zip(self.pieces, self.marks, strict=True))

    def in_names(self) -> list[int]:
        """The pieces that define a name with the word in it."""
        return list(compress(self.pieces, map(NAMES.__and__, self.marks)))


_IS_LITTLE = array("H", [1]).tobytes()[0] == 1


def entries_of(connection: sqlite3.Connection, word: str) -> Entries:
    """The entries of a word in all segments."""
    rows = connection.execute(
        "SELECT entries FROM postings WHERE segment IN (SELECT id FROM segments) AND word = ?", (word,)
    )
    return Entries(b"".join(row[0] for row in rows))


def write_segment(connection: sqlite3.Connection, postings: Postings) -> None:
    """Write lists as a segment of their own, and empty them."""
    if postings.entries:
        count = postings.entries
        _write(connection, postings.take(), count)


def merge_segments(connection: sqlite3.Connection, *, leave_out: Collection[int] | None = None) -> None:
    """Merge the smaller segments where there are many; all of them where entries are to be left out.

    Args:
        connection: In a transaction.
        leave_out: The pieces that are gone, None where their entries may stay for now.
    """
    segments = connection.execute("SELECT id, entries FROM segments ORDER BY entries").fetchall()
    if leave_out is None and len(segments) <= _MOST_SEGMENTS:
        return
    chosen = segments if leave_out is not None else _smaller(segments)
    ids = ",".join(str(int(segment)) for segment, _ in chosen)
    rows = connection.execute(f"SELECT word, entries FROM postings WHERE segment IN ({ids}) ORDER BY word, segment")  # noqa: S608 - numbers of ours
    merged = ((word, b"".join(row[1] for row in group)) for word, group in groupby(rows, itemgetter(0)))
    if leave_out:
        gone = frozenset(leave_out)
        merged = ((word, left) for word, data in merged if (left := _without(data, gone)))
    _write(connection, merged, sum(entries for _, entries in chosen))
    connection.execute(f"DELETE FROM postings WHERE segment IN ({ids})")  # noqa: S608
    connection.execute(f"DELETE FROM segments WHERE id IN ({ids})")  # noqa: S608


def _smaller(segments: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The smallest ones, up to the first that is much bigger than all of them together: it is not written again."""
    chosen, together = segments[:2], sum(entries for _, entries in segments[:2])
    for segment in segments[2:]:
        if segment[1] > 2 * together:
            break
        chosen.append(segment)
        together += segment[1]
    return chosen


def _without(data: bytes, gone: frozenset[int]) -> bytes:
    entries = array("Q")
    entries.frombytes(data)
    return array("Q", [entry for entry in entries if entry >> 32 not in gone]).tobytes()


def _write(connection: sqlite3.Connection, lists: Iterator[tuple[str, bytes]], entries: int) -> None:
    segment = connection.execute("INSERT INTO segments(entries) VALUES (?) RETURNING id", (entries,)).fetchone()[0]
    connection.executemany(
        "INSERT INTO postings(segment, word, entries) VALUES (?, ?, ?)", ((segment, word, data) for word, data in lists)
    )
