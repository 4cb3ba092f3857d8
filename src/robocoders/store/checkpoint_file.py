"""The file of the durable workflows' checkpoints: opened as their library wants it, its errors told as the store's."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from robocoders.store.connections import CACHE_KIB
from robocoders.store.errors import told
from robocoders.store.places import make_private_file

__all__ = ["make_checkpoint_engine", "told_as_ours"]

_CONNECTIONS = 4
_BUSY_MILLISECONDS = 30_000


def make_checkpoint_engine(path: Path) -> Engine:
    """Return an engine over the file, which is made, open to its owner alone, where it is missing.

    In WAL mode a commit waits once for the disk, not three times. `synchronous` is FULL: a step that has ended must
    not be run again after a power cut. The library begins its transactions itself.
    """
    make_private_file(path)
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"check_same_thread": False},
        pool_size=_CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,
    )

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"cache_size = -{CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    return engine


@contextmanager
def told_as_ours(path: Path) -> Generator[None]:
    """Raise what the database raises inside as a `StoreError` that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        raise told(error, path) from error
