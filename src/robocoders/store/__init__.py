"""The server's memory: users, tokens, sessions, turns, events, keys and settings in one database.

Whatever a method of `Store` has returned is on the disk. The event log is the truth of what agents did: the ids of a
session's events are 1, 2, 3, ... without gap or repeat, and an event is numbered in the transaction that commits it.
"""

from __future__ import annotations

from robocoders.store.errors import KeyReusedError, SessionBusyError, SessionGoneError, TurnEndedError
from robocoders.store.rows import (
    BegunTurn,
    ClosedTurn,
    NewTurn,
    SessionRow,
    SessionSummary,
    StoredEvent,
    TokenRow,
    TurnRow,
)
from robocoders.store.store import Store, system_clock_us

__all__ = [
    "BegunTurn",
    "ClosedTurn",
    "KeyReusedError",
    "NewTurn",
    "SessionBusyError",
    "SessionGoneError",
    "SessionRow",
    "SessionSummary",
    "Store",
    "StoredEvent",
    "TokenRow",
    "TurnEndedError",
    "TurnRow",
    "system_clock_us",
]
