"""How the store talks to SQLite: one way to open connections, for the writer and for the readers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

__all__ = ["BUSY_TIMEOUT_SECONDS", "CACHE_KIB", "make_engine"]

BUSY_TIMEOUT_SECONDS = 10.0
"""How long a writer waits for another process's transaction before it gives up."""

CACHE_KIB = 8192
"""Memory for pages, for each connection."""

_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def make_engine(
    path: Path,
    role: Literal["writer", "reader"],
    *,
    connections: int,
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
) -> Engine:
    """Return an engine over the database file; nothing is opened before its first use.

    The writer's transactions take the write lock when they begin, so that what they have read stays true until they
    commit, in other processes too. Readers see the log as it was when their transaction began.

    Args:
        path: The database file.
        role: `writer`, or `reader` for connections that SQLite itself keeps from writing.
        connections: The most connections at any time.
        busy_timeout_seconds: How long to wait for another process's transaction.
    """
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": busy_timeout_seconds, "check_same_thread": False},
        # Parameters are prompts and answers: they must never be part of an error's text.
        hide_parameters=True,
    )

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own idea of when a transaction begins is switched off: `begin` below says it.
        connection.isolation_level = None
        for pragma in _pragmas(role):
            connection.execute(pragma)

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if role == "writer" else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _pragmas(role: Literal["writer", "reader"]) -> tuple[str, ...]:
    common = (f"PRAGMA cache_size = -{CACHE_KIB}", "PRAGMA foreign_keys = ON")
    if role == "reader":
        return (*common, "PRAGMA query_only = ON")
    return (
        *common,
        # What was acknowledged must survive a power cut: a client may have shown it, and resumes by its id. With
        # NORMAL, a commit in WAL mode waits for no disk. Group commit shares the price among all who wait.
        "PRAGMA synchronous = FULL",
        # One huge event must not leave a huge WAL file behind for good.
        f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}",
    )
