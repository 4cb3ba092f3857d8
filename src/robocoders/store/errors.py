"""What the store refuses although the database works, and how the database's own errors are told.

::

    StoreError
    ├── AnswerConflictError a question has been answered otherwise
    ├── KeyReusedError      an idempotency key came back with another body
    ├── SessionBusyError    a turn is open and the caller would not wait
    ├── SessionGoneError    the session was deleted, or never was
    ├── StepMismatchError   a turn that is played again does something else than the first time
    ├── TurnEndedError      nothing can follow the last event of a turn
    └── UnknownQuestionError a turn never asked that
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from robocoders.errors import StoreError, StoreFullError

__all__ = [
    "AnswerConflictError",
    "KeyReusedError",
    "SessionBusyError",
    "SessionGoneError",
    "StepMismatchError",
    "TurnEndedError",
    "UnknownQuestionError",
    "full",
    "is_held",
    "told",
]


class AnswerConflictError(StoreError):
    """The question has an answer already, and it is another one."""


class KeyReusedError(StoreError):
    """The owner has used this idempotency key with another body."""


class SessionBusyError(StoreError):
    """The session has an open turn, and the caller asked not to wait."""


class SessionGoneError(StoreError):
    """The session was deleted, or there never was one of that id."""


class StepMismatchError(StoreError):
    """The step was begun as another one, or not at all: a turn must take the same steps whenever it is played."""


class TurnEndedError(StoreError):
    """The turn has its closing message, and that is always its last event."""


class UnknownQuestionError(StoreError):
    """The turn never asked that, or its session was deleted."""


_WRITE_REFUSED = "{path} cannot be opened for writing ({name}): check who owns it and its directory"
_DAMAGED = "{path} is damaged or no database ({name}): put a backup in its place, or move it away to begin anew"
_HELD = "another process holds {path} for too long ({name}): end it, or use another data directory"
_TEXTS = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _WRITE_REFUSED,
    sqlite3.SQLITE_CANTOPEN: _WRITE_REFUSED,
    sqlite3.SQLITE_PERM: _WRITE_REFUSED,
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_TOOBIG: "a value is larger than a row of {path} can hold ({name})",
}
"""By SQLite's primary result code, which is the low byte of an extended one."""

_OTHERWISE = "{path} cannot be read or written ({name}): check the disk and the system's log"


def told(error: SQLAlchemyError | sqlite3.Error | OverflowError | UnicodeEncodeError, path: Path) -> StoreError:
    """Return a database's error as one of ours that says what to do.

    Args:
        error: What SQLAlchemy, the driver or the conversion of a value raised.
        path: The database file.
    """
    if isinstance(error, UnicodeEncodeError):
        return StoreError("a text with unpaired surrogates is not valid Unicode and cannot be stored")
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(driver_error, "sqlite_errorname", "") or type(driver_error).__name__
    code = _primary_code(driver_error)
    if code == sqlite3.SQLITE_FULL:
        return full(path)
    return StoreError(_TEXTS.get(code, _OTHERWISE).format(path=path, name=name))


def is_held(error: BaseException) -> bool:
    """Return whether a database's error says that another process has held it for longer than one waits."""
    return isinstance(error, DBAPIError) and _TEXTS.get(_primary_code(error.orig)) is _HELD


def _primary_code(driver_error: BaseException | None) -> int:
    return getattr(driver_error, "sqlite_errorcode", 0) & 0xFF


def full(path: Path) -> StoreFullError:
    """Return the error for a database that cannot grow."""
    return StoreFullError(f"no space is left for {path}: free some, or move the data directory to a larger disk")
