"""Bringing an index up to date with the files as they are now."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.errors import WorkspaceError
from robocoders.search.database import NAME_SEPARATOR
from robocoders.search.kinds import kind_of
from robocoders.search.second_process import analysed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from robocoders.search.analysis import Piece
    from robocoders.search.tree import SearchedFile, SearchedTree

__all__ = ["RefreshResult", "changes", "refresh"]

logger = logging.getLogger("robocoders.search")

SKIPPED = "skipped"
"""The kind of a file that proved binary."""

_CLOCK_GRAIN_NS = 2_000_000_000
"""A file changed within this time before it was read may change again without a new time: it is read again."""


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
class Changes:
    """What differs between the index and the files."""

    to_read: list[SearchedFile]
    removed: list[int]
    known: dict[bytes, _Known]

    def __bool__(self) -> bool:
        return bool(self.to_read or self.removed)


def changes(connection: sqlite3.Connection, files: dict[bytes, SearchedFile]) -> Changes:
    """Compare the index with the files that were seen, by size and time."""
    rows = connection.execute("SELECT path, id, size, mtime_ns, seen_ns, digest FROM files")
    known = {row[0]: _Known(*row[1:]) for row in rows}
    to_read = [file for path, file in files.items() if _may_have_changed(known.get(path), file)]
    removed = [entry.id for path, entry in known.items() if path not in files]
    return Changes(to_read, removed, known)


def refresh(
    connection: sqlite3.Connection, tree: SearchedTree, progress: Callable[[int, int], None] | None = None
) -> RefreshResult:
    """Read what changed, forget what is gone; one transaction, and none where nothing changed.

    Args:
        connection: An index; nobody else may write to it meanwhile.
        tree: The files.
        progress: Called with the number of files read so far and of all that must be read.
    """
    files: dict[bytes, SearchedFile] = {os.fsencode(file.path): file for file in tree.walk()}
    found = changes(connection, files)
    if not found:
        return RefreshResult(0, 0)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for file_id in found.removed:
            _forget(connection, file_id)
        reading = _Reading(connection, tree, found, progress)
        for loaded, pieces in analysed(reading.load(), count=len(found.to_read)):
            _add(connection, loaded, pieces)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return RefreshResult(len(found.to_read), len(found.removed))


def _may_have_changed(known: _Known | None, file: SearchedFile) -> bool:
    if known is None or known.size != file.size or known.mtime_ns != file.mtime_ns:
        return True
    return known.mtime_ns > known.seen_ns - _CLOCK_GRAIN_NS


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A file whose text has to go into the index."""

    path: str
    text: str
    row: tuple[object, ...]


class _Reading:
    """Reads the files that may have changed."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tree: SearchedTree,
        found: Changes,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._connection = connection
        self._tree = tree
        self._found = found
        self._progress = progress

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
            if known is not None:
                _forget(self._connection, known.id)
            return None
        digest = hashlib.blake2b((text or "").encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if known is not None and known.digest == digest:
            self._connection.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, seen_ns = ? WHERE id = ?",
                (file.size, file.mtime_ns, seen_ns, known.id),
            )
            return None
        if known is not None:
            _forget(self._connection, known.id)
        kind = SKIPPED if text is None else kind_of(file.path)
        row = (os.fsencode(file.path), file.size, file.mtime_ns, seen_ns, digest, kind)
        if text is None:
            _insert_file(self._connection, row)
            return None
        return _Loaded(file.path, text, row)


def _insert_file(connection: sqlite3.Connection, row: tuple[object, ...]) -> int:
    statement = "INSERT INTO files(path, size, mtime_ns, seen_ns, digest, kind) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
    return int(connection.execute(statement, row).fetchone()[0])


def _add(connection: sqlite3.Connection, loaded: _Loaded, pieces: list[Piece]) -> None:
    file_id = _insert_file(connection, loaded.row)
    first_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM chunks").fetchone()[0]
    numbered = list(enumerate(pieces, start=first_id))
    connection.executemany(
        "INSERT INTO chunks(id, file, first_line, last_line, is_definition, is_owned, names)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                chunk_id,
                file_id,
                piece.first_line,
                piece.last_line,
                piece.is_definition,
                piece.is_owned,
                NAME_SEPARATOR.join(piece.names),
            )
            for chunk_id, piece in numbered
        ],
    )
    connection.executemany(
        "INSERT INTO words(rowid, names, scope, code, prose) VALUES (?, ?, ?, ?, ?)",
        [(chunk_id, " ".join(piece.names), piece.scope, piece.code, piece.prose) for chunk_id, piece in numbered],
    )


def _forget(connection: sqlite3.Connection, file_id: int) -> None:
    connection.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE file = ?)", (file_id,))
    connection.execute("DELETE FROM chunks WHERE file = ?", (file_id,))
    connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
