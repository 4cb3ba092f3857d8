"""The index file: an SQLite database that anybody may throw away.

It holds nothing that the workspace does not hold. Whatever is wrong with it (damaged, of another version, somebody
else's format), it is deleted and made anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["connect", "damage", "index_file", "is_damage", "lock_of", "memory_connection", "throw_away"]

logger = logging.getLogger("robocoders.search")

SCHEMA_VERSION = 6
_BUSY_SECONDS = 120.0
_CACHE_KIB = 16 * 1024
_SCHEMA = f"""
    CREATE TABLE files(
        id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        seen_ns INTEGER NOT NULL, digest BLOB NOT NULL, kind TEXT NOT NULL,
        first_piece INTEGER NOT NULL, last_piece INTEGER NOT NULL
    );
    CREATE TABLE outlines(file INTEGER PRIMARY KEY, symbols BLOB NOT NULL);
    CREATE TABLE chunks(
        id INTEGER PRIMARY KEY, file INTEGER NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
        is_definition INTEGER NOT NULL, is_owned INTEGER NOT NULL, names TEXT NOT NULL
    );
    CREATE TABLE segments(id INTEGER PRIMARY KEY, entries INTEGER NOT NULL);
    CREATE TABLE postings(
        segment INTEGER NOT NULL, word TEXT NOT NULL, entries BLOB NOT NULL, PRIMARY KEY (segment, word)
    ) WITHOUT ROWID;
    CREATE TABLE gone(piece INTEGER PRIMARY KEY);
    CREATE TABLE state(
        next_piece INTEGER NOT NULL, pieces INTEGER NOT NULL, gone INTEGER NOT NULL, listing BLOB NOT NULL
    );
    INSERT INTO state VALUES (1, 0, 0, x'');
    PRAGMA user_version = {SCHEMA_VERSION};
"""  # noqa: S608 - a number of ours
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR})


def index_file(index_dir: Path, root: Path) -> Path:
    """Where the index of a workspace lies: a file named by the SHA-256 of its real root."""
    return index_dir / f"{hashlib.sha256(os.fsencode(root)).hexdigest()}.db"


def lock_of(file: Path) -> FileLock:
    """The lock that whoever makes, changes or throws away an index file holds."""
    return FileLock(file.with_suffix(".lock"), mode=0o600, thread_local=False)


def connect(file: Path) -> sqlite3.Connection:
    """An index file opened, made first where it is missing or of no use.

    Raises:
        sqlite3.Error, OSError: It cannot be made there.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _open(file)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        logger.warning("The search index is damaged or of another version and is made anew.")
        throw_away(file)
        return _open(file)


def memory_connection() -> sqlite3.Connection:
    """An index in memory, for where no file can be written."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _make(connection)
    return connection


def throw_away(file: Path) -> None:
    """Delete an index file. Who has it open keeps what it sees until it closes it."""
    with lock_of(file):
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            with suppress(FileNotFoundError):
                file.with_name(name).unlink()


def damage() -> sqlite3.DatabaseError:
    """The error to raise where a value in the file is none that was ever written there."""
    error = sqlite3.DatabaseError("a value in it makes no sense")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is no usable index; a full disk or a lock says nothing about it."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGE


def _open(file: Path) -> sqlite3.Connection:
    with lock_of(file):
        connection = sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            # The file may hold whole lines of private code.
            file.chmod(0o600)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            _require_schema(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _require_schema(connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version == 0 and _is_empty(connection):
        _make(connection)
    elif version != SCHEMA_VERSION or connection.execute("SELECT count(*) FROM state").fetchone()[0] != 1:
        error = sqlite3.DatabaseError("another version")
        error.sqlite_errorcode = sqlite3.SQLITE_FORMAT
        raise error


def _make(connection: sqlite3.Connection) -> None:
    connection.executescript(f"BEGIN; {_SCHEMA} COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    with closing(connection.execute("PRAGMA user_version")) as rows:
        return int(rows.fetchone()[0])


def _is_empty(connection: sqlite3.Connection) -> bool:
    with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as rows:
        return rows.fetchone()[0] == 0
