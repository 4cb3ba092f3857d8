"""Bringing an index up to date with the files as they are now."""

from __future__ import annotations

import hashlib
import logging
import marshal
import os
import time
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from robocoders.errors import WorkspaceError
from robocoders.search.digesting import digest_of_text, most_pieces
from robocoders.search.indexers import digested
from robocoders.search.kinds import kind_of
from robocoders.search.postings import Postings, merge_segments, write_segment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

    from robocoders.search.digesting import FileDigest
    from robocoders.search.tree import SearchedFile, SearchedTree

__all__ = ["RefreshResult", "refresh"]

logger = logging.getLogger("robocoders.search")

SKIPPED = "skipped"
"""The kind of a file that proved binary."""

_CLOCK_GRAIN_NS = 2_000_000_000
"""A file changed within this time before it was read may change again without a new time: it is read again."""
_MOST_ENTRIES_IN_MEMORY = 2_500_000
"""So many entries gather before they are written; some 80 MiB."""
_FEWEST_GONE, _GONE_SHARE = 1000, 0.25
"""When entries of pieces that are gone are cleared away."""


_SEEN = attrgetter("path", "size", "mtime_ns")


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """How many files were read and how many are gone."""

    read: int
    removed: int


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    size: int
    mtime_ns: int
    seen_ns: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Changes:
    """What differs between the index and the files."""

    to_read: list[SearchedFile]
    removed: list[int]
    known: dict[bytes, _Known]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A file whose text has to go into the index."""

    path: str
    text: str
    first_piece: int
    row: tuple[object, ...]


def refresh(
    connection: sqlite3.Connection, tree: SearchedTree, progress: Callable[[int, int], None] | None = None
) -> RefreshResult:
    """Read what changed, forget what is gone; one transaction, and none where nothing changed.

    Args:
        connection: An index; nobody else may write to it meanwhile.
        tree: The files.
        progress: Called with the number of files read so far and of all that must be read.
    """
    files = list(tree.walk())
    listing = _digest_of(files)
    if connection.execute("SELECT listing FROM state").fetchone()[0] == listing:
        return RefreshResult(0, 0)
    began_ns = time.time_ns()
    found = _changes(connection, {os.fsencode(file.path): file for file in files})
    if not found.to_read and not found.removed:
        _remember(connection, files, listing, began_ns)
        return RefreshResult(0, 0)
    connection.execute("BEGIN IMMEDIATE")
    try:
        writing = _Writing(connection)
        for file_id in found.removed:
            writing.forget(file_id)
        reading = _Reading(tree, found, writing, progress)
        writing.take_in(reading.load(), sum(file.size for file in found.to_read))
        _remember(connection, files, b"" if reading.missed else listing, began_ns)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return RefreshResult(len(found.to_read), len(found.removed))


def _digest_of(files: list[SearchedFile]) -> bytes:
    """One value for all that was seen: while it stays the same, nothing need be compared one by one."""
    seen = list(map(_SEEN, files))
    # Of marshal's formats the second is the last in which equal values always are equal bytes.
    return hashlib.blake2b(marshal.dumps(seen, 2), digest_size=16).digest()


def _remember(connection: sqlite3.Connection, files: list[SearchedFile], listing: bytes, began_ns: int) -> None:
    """Note that all of this is in the index, unless a file may still change without a new time."""
    newest_ns = max((file.mtime_ns for file in files), default=0)
    connection.execute("UPDATE state SET listing = ?", (listing if newest_ns <= began_ns - _CLOCK_GRAIN_NS else b"",))


def _changes(connection: sqlite3.Connection, files: Mapping[bytes, SearchedFile]) -> _Changes:
    """Compare the index with the files that were seen, by size and time."""
    rows = connection.execute("SELECT path, id, size, mtime_ns, seen_ns, digest FROM files")
    known = {row[0]: _Known(*row[1:]) for row in rows}
    to_read = [file for path, file in files.items() if _may_have_changed(known.get(path), file)]
    removed = [entry.id for path, entry in known.items() if path not in files]
    return _Changes(to_read, removed, known)


def _may_have_changed(known: _Known | None, file: SearchedFile) -> bool:
    if known is None or known.size != file.size or known.mtime_ns != file.mtime_ns:
        return True
    return known.mtime_ns > known.seen_ns - _CLOCK_GRAIN_NS


class _Writing:
    """What one refresh writes.

    Args:
        connection: In a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._postings = Postings()
        row = connection.execute("SELECT next_piece, pieces, gone FROM state").fetchone()
        self._next_piece, self._pieces, self._gone = row

    def reserve(self, most_pieces: int) -> int:
        """The number for a file's first piece; so many more are free. Numbers are never given again."""
        first = self._next_piece
        self._next_piece += most_pieces
        return first

    def take_in(self, files: Iterator[_Loaded], characters: int) -> None:
        """Index files, and end what was begun."""
        for loaded, digest in digested(files, self._postings, characters=characters):
            self._add(loaded, digest)
            if self._postings.entries > _MOST_ENTRIES_IN_MEMORY:
                write_segment(self._connection, self._postings)
        write_segment(self._connection, self._postings)
        if self._gone > max(_FEWEST_GONE, _GONE_SHARE * self._pieces):
            gone = {row[0] for row in self._connection.execute("SELECT piece FROM gone")}
            merge_segments(self._connection, leave_out=gone)
            self._connection.execute("DELETE FROM gone")
            self._gone = 0
        else:
            merge_segments(self._connection)
        self._connection.execute(
            "UPDATE state SET next_piece = ?, pieces = ?, gone = ?", (self._next_piece, self._pieces, self._gone)
        )

    def touch(self, known: _Known, file: SearchedFile, seen_ns: int) -> None:
        """Note a file's new time; its text is the same."""
        self._connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, seen_ns = ? WHERE id = ?",
            (file.size, file.mtime_ns, seen_ns, known.id),
        )

    def forget(self, file_id: int) -> None:
        """Take a file out; the entries of its words stay until they are cleared away."""
        parameters = (file_id,)
        span = self._connection.execute("SELECT first_piece, last_piece FROM files WHERE id = ?", parameters).fetchone()
        lost = self._connection.execute(
            "INSERT INTO gone(piece) SELECT id FROM chunks WHERE id BETWEEN ? AND ?", span
        ).rowcount
        self._connection.execute("DELETE FROM chunks WHERE id BETWEEN ? AND ?", span)
        self._connection.execute("DELETE FROM outlines WHERE file = ?", parameters)
        self._connection.execute("DELETE FROM files WHERE id = ?", parameters)
        self._pieces -= lost
        self._gone += lost

    def add_file(self, row: tuple[object, ...], first_piece: int = 0, last_piece: int = -1) -> int:
        """Enter a file, without its pieces; returns its number."""
        statement = (
            "INSERT INTO files(path, size, mtime_ns, seen_ns, digest, kind, first_piece, last_piece)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
        )
        return int(self._connection.execute(statement, (*row, first_piece, last_piece)).fetchone()[0])

    def _add(self, loaded: _Loaded, digest: FileDigest) -> None:
        count = len(digest.pieces)
        file_id = self.add_file(loaded.row, loaded.first_piece, loaded.first_piece + count - 1)
        self._connection.executemany(
            "INSERT INTO chunks(file, id, first_line, last_line, is_definition, is_owned, names)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((file_id, *piece) for piece in digest.pieces),
        )
        self._connection.execute("INSERT INTO outlines(file, symbols) VALUES (?, ?)", (file_id, digest.symbols))
        self._pieces += count


class _Reading:
    """Reads the files that may have changed.

    Attributes:
        missed: How many could not be read; they are tried again, whether they look changed or not.
    """

    def __init__(
        self,
        tree: SearchedTree,
        found: _Changes,
        writing: _Writing,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._tree = tree
        self._found = found
        self._writing = writing
        self._progress = progress
        self.missed = 0

    def load(self) -> Iterator[_Loaded]:
        """The files with text that the index does not hold; the others are settled on the way."""
        for count, file in enumerate(self._found.to_read, start=1):
            loaded = self._load(file, self._found.known.get(os.fsencode(file.path)))
            if loaded is not None:
                yield loaded
            if self._progress is not None:
                self._progress(count, len(self._found.to_read))

    def _load(self, file: SearchedFile, known: _Known | None) -> _Loaded | None:
        seen_ns = time.time_ns()
        try:
            text = self._tree.load_text(file.path)
        except WorkspaceError:
            # It vanished or became unreadable since it was seen.
            self.missed += 1
            if known is not None:
                self._writing.forget(known.id)
            return None
        digest = digest_of_text(text)
        if known is not None and known.digest == digest:
            self._writing.touch(known, file, seen_ns)
            return None
        if known is not None:
            self._writing.forget(known.id)
        kind = SKIPPED if text is None else kind_of(file.path)
        row = (os.fsencode(file.path), file.size, file.mtime_ns, seen_ns, digest, kind)
        if text is None:
            self._writing.add_file(row)
            return None
        return _Loaded(file.path, text, self._writing.reserve(most_pieces(text)), row)
