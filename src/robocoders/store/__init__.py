"""The server's memory: users, tokens, sessions, turns, steps, events, keys and settings in one database.

Whatever a method of `Store` has returned is on the disk. The event log is the truth of what agents did: the ids of a
session's events are 1, 2, 3, ... without gap or repeat, and an event is numbered in the transaction that commits it.
"""

from __future__ import annotations

from robocoders.store.errors import (
    AnswerConflictError,
    KeyReusedError,
    SessionBusyError,
    SessionGoneError,
    StepMismatchError,
    TurnEndedError,
    UnknownQuestionError,
)
from robocoders.store.rows import (
    BegunStep,
    BegunTurn,
    BegunWait,
    CancelBound,
    ClosedTurn,
    Keyed,
    KnownKey,
    Ledger,
    LiveReset,
    LiveText,
    ModelHistory,
    NewTurn,
    Place,
    ResponseRow,
    SessionRow,
    SessionSummary,
    Spending,
    StoredEvent,
    Sums,
    TokenRow,
    TurnRow,
    Withdrawn,
)
from robocoders.store.store import Store, system_clock_us

__all__ = [
    "AnswerConflictError",
    "BegunStep",
    "BegunTurn",
    "BegunWait",
    "CancelBound",
    "ClosedTurn",
    "KeyReusedError",
    "Keyed",
    "KnownKey",
    "Ledger",
    "LiveReset",
    "LiveText",
    "ModelHistory",
    "NewTurn",
    "Place",
    "ResponseRow",
    "SessionBusyError",
    "SessionGoneError",
    "SessionRow",
    "SessionSummary",
    "Spending",
    "StepMismatchError",
    "Store",
    "StoredEvent",
    "Sums",
    "TokenRow",
    "TurnEndedError",
    "TurnRow",
    "UnknownQuestionError",
    "Withdrawn",
    "system_clock_us",
]
