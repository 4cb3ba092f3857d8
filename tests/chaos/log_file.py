"""The log as it stands in the database file, read without the product's own code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["LoggedEvent", "LoggedTurn", "SessionLog", "count_turns", "database_in", "read_logs"]

_BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A row of the log."""

    id: int
    turn_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """A prompt that was accepted."""

    id: str
    prompt: str
    state: str
    reason: str | None
    last_event_id: int | None


@dataclass(slots=True)
class SessionLog:
    """One session: its turns in the order of acceptance, its events by id."""

    session_id: str
    turns: list[LoggedTurn] = field(default_factory=list[LoggedTurn])
    events: list[LoggedEvent] = field(default_factory=list[LoggedEvent])


def database_in(data_dir: Path) -> Path:
    """The file below a server's data directory."""
    return data_dir / "robocoders.db"


def read_logs(database: Path) -> dict[str, SessionLog]:
    """Everything, by session."""
    logs: dict[str, SessionLog] = {}
    with closing(_connect(database)) as connection:
        turns = connection.execute(
            "SELECT session_id, id, prompt, state, reason, last_event_id FROM turn ORDER BY session_id, number"
        )
        for session_id, *values in turns:
            logs.setdefault(session_id, SessionLog(session_id)).turns.append(LoggedTurn(*values))
        events = connection.execute("SELECT session_id, id, turn_id, body FROM event ORDER BY session_id, id")
        for session_id, *values in events:
            logs.setdefault(session_id, SessionLog(session_id)).events.append(LoggedEvent(*values))
    return logs


def count_turns(database: Path) -> tuple[int, int]:
    """How many turns were accepted, and how many of them have not ended."""
    with closing(_connect(database)) as connection:
        accepted, still_open = connection.execute("SELECT count(*), total(state <> 'ended') FROM turn").fetchone()
    return int(accepted), int(still_open)


def _connect(database: Path) -> sqlite3.Connection:
    # Read-only, so that looking after a kill leaves the WAL file as the kill left it for the next start.
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
