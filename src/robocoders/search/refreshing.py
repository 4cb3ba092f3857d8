"""Bringing an index up to date with the files as they are now."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.errors import WorkspaceError
from robocoders.search.chunking import chunks_of
from robocoders.search.database import NAME_SEPARATOR
from robocoders.search.kinds import kind_of
from robocoders.search.languages import language_of
from robocoders.search.prose import split_code
from robocoders.search.words import index_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from robocoders.search.tree import SearchedFile, SearchedTree

__all__ = ["RefreshResult", "changes", "refresh"]

logger = logging.getLogger("robocoders.search")

SKIPPED = "skipped"
"""The kind of a file that proved binary."""

_CLOCK_GRAIN_NS = 2_000_000_000
"""A file changed within this time before it was read may change again without a new time: it is read again."""

MAX_LINE_CHARACTERS = 4000
MAX_LINES_OF_PACKED_FILE = 200
"""A file with a longer line is generated or packed: only its beginning is indexed."""

MOST_LINES_OF_UNKNOWN_FILE = 2000
_MOST_LINES = {"generated": 200, "translation": 20}
"""How much is indexed of files that repeat what other files say."""


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
        for count, file in enumerate(found.to_read, start=1):
            _read(connection, tree, file, found.known.get(os.fsencode(file.path)))
            if progress is not None:
                progress(count, len(found.to_read))
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


def _read(connection: sqlite3.Connection, tree: SearchedTree, file: SearchedFile, known: _Known | None) -> None:
    seen_ns = time.time_ns()
    try:
        text = tree.load_text(file.path)
    except WorkspaceError:
        # It vanished or became unreadable since it was seen.
        if known is not None:
            _forget(connection, known.id)
        return
    digest = hashlib.blake2b((text or "").encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if known is not None and known.digest == digest:
        connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, seen_ns = ? WHERE id = ?",
            (file.size, file.mtime_ns, seen_ns, known.id),
        )
        return
    if known is not None:
        _forget(connection, known.id)
    kind = SKIPPED if text is None else kind_of(file.path)
    row = (os.fsencode(file.path), file.size, file.mtime_ns, seen_ns, digest, kind)
    statement = "INSERT INTO files(path, size, mtime_ns, seen_ns, digest, kind) VALUES (?, ?, ?, ?, ?, ?)"
    file_id = connection.execute(statement, row).lastrowid
    if text is not None and file_id is not None:
        _add_chunks(connection, file_id, file.path, text)


def _add_chunks(connection: sqlite3.Connection, file_id: int, path: str, text: str) -> None:
    path_words = index_words(path)
    language = language_of(path)
    first_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM chunks").fetchone()[0]
    places: list[tuple[object, ...]] = []
    words: list[tuple[object, ...]] = []
    for chunk_id, chunk in enumerate(chunks_of(path, _worth_indexing(path, text)), start=first_id):
        names = [index_words(name) for name in chunk.names]
        code, prose = split_code(chunk.body.split("\n"), language)
        span = (chunk.first_line, chunk.last_line, chunk.is_definition, chunk.is_owned)
        places.append((chunk_id, file_id, *span, NAME_SEPARATOR.join(names)))
        scope = f"{index_words(' '.join(chunk.scope))} {path_words}"
        words.append((chunk_id, " ".join(names), scope, index_words(code), index_words(prose)))
    connection.executemany(
        "INSERT INTO chunks(id, file, first_line, last_line, is_definition, is_owned, names)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        places,
    )
    connection.executemany("INSERT INTO words(rowid, names, scope, code, prose) VALUES (?, ?, ?, ?, ?)", words)


def _worth_indexing(path: str, text: str) -> str:
    """The text, or the beginning of one that nobody reads from end to end: packed, generated, catalogues, data."""
    lines = text.split("\n")
    most_lines = _MOST_LINES.get(kind_of(path), len(lines))
    if language_of(path) is None:
        most_lines = min(most_lines, MOST_LINES_OF_UNKNOWN_FILE)
    if max(map(len, lines)) > MAX_LINE_CHARACTERS:
        lines = [line[:MAX_LINE_CHARACTERS] for line in lines]
        most_lines = min(most_lines, MAX_LINES_OF_PACKED_FILE)
    return "\n".join(lines[:most_lines])


def _forget(connection: sqlite3.Connection, file_id: int) -> None:
    connection.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE file = ?)", (file_id,))
    connection.execute("DELETE FROM chunks WHERE file = ?", (file_id,))
    connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
