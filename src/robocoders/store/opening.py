"""Bringing a database file to the schema of this version.

A version query decides: only a database of an older revision costs the import of Alembic. A new database is made
from the tables themselves, under another name, and appears under its own only when it is whole: no crash leaves half
a database, and of several processes that start at once one makes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select

from robocoders.errors import ConfigurationError
from robocoders.store.connections import BUSY_TIMEOUT_SECONDS, make_engine
from robocoders.store.places import make_private_file
from robocoders.store.schema import HEAD_REVISION, KNOWN_REVISIONS, alembic_version, metadata

__all__ = ["make_database", "prepare_database", "upgrade_database"]

_MIGRATIONS = Path(__file__).with_name("migrations")


def prepare_database(path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
    """Make the database where there is none, and migrate it where it is older.

    Args:
        path: The database file.
        busy_timeout_seconds: How long to wait for another process's transaction.

    Raises:
        ConfigurationError: It was made by a newer version, or is no database of this program.
        sqlalchemy.exc.SQLAlchemyError, sqlite3.Error: SQLite cannot open, read or write it.
    """
    if not path.exists():
        make_database(path)
    make_private_file(path)
    engine = make_engine(path, "writer", connections=1, busy_timeout_seconds=busy_timeout_seconds)
    try:
        with engine.connect() as connection:
            revision = _revision(connection, path)
            connection.rollback()
        if revision != HEAD_REVISION:
            upgrade_database(engine, path)
    finally:
        engine.dispose()
    _use_wal(path)


def make_database(path: Path) -> None:
    """Make a new, empty database of the newest revision; where another process was faster, its database stays."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        make_private_file(draft)
        _use_wal(draft)
        engine = make_engine(draft, "writer", connections=1)
        try:
            with engine.begin() as connection:
                alembic_version.create(connection)
                connection.execute(insert(alembic_version).values(version_num=HEAD_REVISION))
                metadata.create_all(connection)
        finally:
            engine.dispose()
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        _remove(draft)


def upgrade_database(engine: Engine, path: Path) -> None:
    """Run every migration that the database lacks, all in one transaction."""
    from alembic import command  # noqa: PLC0415 - costs half a second, and few starts migrate
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        # Another process may have migrated it while this one waited for the write lock.
        if _revision(connection, path) != HEAD_REVISION:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _revision(connection: Connection, path: Path) -> str | None:
    """Return the database's revision; None where the file is empty."""
    if not connection.dialect.has_table(connection, alembic_version.name):
        if inspect(connection).get_table_names():
            raise ConfigurationError(f"{path} is a database of another program: choose another data directory")
        return None
    revision = connection.execute(select(alembic_version.c.version_num)).scalar_one_or_none()
    if revision is not None and revision not in KNOWN_REVISIONS:
        raise ConfigurationError(
            f"{path} was made by a newer version of robocoders (revision {revision}; this one knows up to "
            f"{HEAD_REVISION}): install that version, or use another data directory"
        )
    return revision


def _use_wal(path: Path) -> None:
    # Not through SQLAlchemy: WAL cannot be switched on inside a transaction. It stays on for good.
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _remove(path: Path) -> None:
    for companion in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
