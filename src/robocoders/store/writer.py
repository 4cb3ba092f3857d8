"""The one writer: a thread that commits what has gathered while it committed the last time.

Work is a function over a transaction. Whatever waits shares one transaction and so one wait for the disk; each caller
awaits its own future. When a shared transaction fails, it is rolled back and every part of it runs again in a
transaction of its own, so that only the one at fault fails; work must therefore change nothing but the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.exc import SQLAlchemyError

from robocoders.errors import StoreError, StoreFullError
from robocoders.store.connections import BUSY_TIMEOUT_SECONDS, make_engine
from robocoders.store.errors import full, is_held, told
from robocoders.store.reserve import Reserve
from robocoders.store.schema import event, live_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from robocoders.store.rows import Place, StoredEvent

__all__ = ["Transaction", "Work", "Writer"]

T = TypeVar("T")

_INSERT_EVENTS = insert(event)
_DELETE_LIVE_TEXT = delete(live_text).where(live_text.c.session_id == bindparam("silenced"))

_MOST_SHARED = 512
"""How many pieces of work share a transaction at most: the first of them waits for all."""


@dataclass(slots=True)
class Transaction:
    """What work is done with.

    Events wait in it until the end, so that those of many callers are inserted by one statement, and so does the end
    of the live text that they replace; whoever needs the tables as they will be calls `flush`.

    Attributes:
        connection: The connection, with the write lock held.
        now_us: Returns the time, in UTC microseconds.
        open_turns: The session of each turn that this transaction has found open.
        last_ids: The newest event's id of each session that this transaction has appended to.
        waiting: Rows of the table `event` that are not inserted yet.
        placed: The events with a place that this transaction has appended, by turn and place.
        silenced: Sessions whose live text is to be deleted, because an event has come.
    """

    connection: Connection
    now_us: Callable[[], int]
    open_turns: dict[str, str] = field(default_factory=dict[str, str])
    last_ids: dict[str, int] = field(default_factory=dict[str, int])
    waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    placed: dict[tuple[str, Place], StoredEvent] = field(default_factory=dict[tuple[str, "Place"], "StoredEvent"])
    silenced: set[str] = field(default_factory=set[str])

    def flush(self) -> None:
        """Insert the events that wait, and delete the live text that they replace."""
        if self.waiting:
            self.connection.execute(_INSERT_EVENTS, self.waiting)
            self.waiting.clear()
        if self.silenced:
            self.connection.execute(_DELETE_LIVE_TEXT, [{"silenced": session_id} for session_id in self.silenced])
            self.silenced.clear()

    def silence(self, session_id: str) -> None:
        """Delete a session's live text now, where `flush` would."""
        if session_id in self.silenced:
            self.connection.execute(_DELETE_LIVE_TEXT, {"silenced": session_id})
            self.silenced.remove(session_id)


Work = Callable[[Transaction], T]


@dataclass(frozen=True, slots=True)
class _Request(Generic[T]):
    work: Work[T]
    future: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop
    uses_reserve: bool


_Outcome = tuple[_Request[Any], Any, BaseException | None]


class Writer:
    """Runs all that changes the database.

    Args:
        path: The database file, already of this version's schema.
        now_us: Returns the time, in UTC microseconds.
        limit_bytes: The size that the database must not exceed; None for no limit.
        busy_timeout_seconds: How long to wait for another process's transaction.
    """

    def __init__(
        self,
        path: Path,
        now_us: Callable[[], int],
        *,
        limit_bytes: int | None = None,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
    ) -> None:
        self._path = path
        self._now_us = now_us
        self._engine: Engine = make_engine(path, "writer", connections=1, busy_timeout_seconds=busy_timeout_seconds)
        self._reserve = Reserve(path, limit_bytes)
        self._requests: SimpleQueue[_Request[Any] | None] = SimpleQueue()
        # A daemon: a program that forgets to close the store must not hang at its end. What was acknowledged is safe.
        self._thread = threading.Thread(target=self._serve, name="robocoders-writer", daemon=True)
        self._closed = False
        # Held while a request is put in the queue, so that none can come after the sign to stop.
        self._door = threading.Lock()

    def start(self) -> None:
        """Begin to serve.

        Raises:
            StoreError: The database cannot be opened for writing.
        """
        self._reserve.restore()
        try:
            self._transact([])
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise told(error, self._path) from error
        self._thread.start()

    async def run(self, work: Work[T], *, uses_reserve: bool = False) -> T:
        """Run work in a transaction, perhaps a shared one, and return its result once that is on the disk.

        A caller that is cancelled while it waits does not undo the work.

        Args:
            work: May run more than once; only the last run is committed.
            uses_reserve: Whether it may take the last space there is.

        Raises:
            StoreFullError: No space is left.
            StoreError: The database failed, or the store was closed.
        """
        loop = asyncio.get_running_loop()
        request = _Request(work, loop.create_future(), loop, uses_reserve)
        with self._door:
            if self._closed:
                raise StoreError(f"the store at {self._path} is closed")
            self._requests.put(request)
        return await request.future

    def close(self) -> None:
        """Finish what waits, then let go of the database. Blocks; calling it again does nothing."""
        with self._door:
            if self._closed:
                return
            self._closed = True
            self._requests.put(None)
        self._thread.join()
        self._engine.dispose()

    def _serve(self) -> None:
        open_for_more = True
        while open_for_more:
            waiting, open_for_more = self._gather()
            outcomes: list[_Outcome] = []
            if not self._reserve.restore():
                outcomes += [(request, None, full(self._path)) for request in waiting if not request.uses_reserve]
                waiting = [request for request in waiting if request.uses_reserve]
            outcomes += self._commit(waiting)
            _tell(outcomes)

    def _gather(self) -> tuple[list[_Request[Any]], bool]:
        """Wait for work and take what has gathered; the second value is false when the store is being closed."""
        waiting: list[_Request[Any]] = []
        request = self._requests.get()
        while request is not None:
            waiting.append(request)
            if len(waiting) >= _MOST_SHARED:
                return waiting, True
            try:
                request = self._requests.get_nowait()
            except Empty:
                return waiting, True
        return waiting, False

    def _commit(self, requests: Sequence[_Request[Any]]) -> list[_Outcome]:
        if len(requests) > 1:
            try:
                results = self._transact(requests)
            except Exception as error:  # noqa: BLE001 - each part is run again, where its error reaches its caller
                if isinstance(error, SQLAlchemyError) and is_held(error):
                    # None of them is at fault, and each would wait as long again.
                    return [(request, None, told(error, self._path)) for request in requests]
                return [outcome for request in requests for outcome in self._commit([request])]
            return [(request, result, None) for request, result in zip(requests, results, strict=True)]
        return [self._commit_alone(request) for request in requests]

    def _commit_alone(self, request: _Request[Any]) -> _Outcome:
        try:
            try:
                return request, self._transact([request])[0], None
            except SQLAlchemyError as error:
                if not (request.uses_reserve and isinstance(told(error, self._path), StoreFullError)):
                    raise
            self._reserve.release()
            return request, self._transact([request])[0], None
        except (SQLAlchemyError, sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            translated = told(error, self._path)
            translated.__cause__ = error
            return request, None, translated
        except Exception as error:  # noqa: BLE001 - raised again in the caller's task
            return request, None, error

    def _transact(self, requests: Sequence[_Request[Any]]) -> list[Any]:
        with self._engine.begin() as connection:
            self._reserve.apply(connection)
            transaction = Transaction(connection, self._now_us)
            results = [request.work(transaction) for request in requests]
            transaction.flush()
            return results


def _tell(outcomes: Sequence[_Outcome]) -> None:
    """Hand the outcomes over, waking every event loop once."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_loop[outcome[0].loop].append(outcome)
    for loop, told_together in by_loop.items():
        # A loop that was closed meanwhile, which asyncio tells so, has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, told_together)


def _resolve(outcomes: Sequence[_Outcome]) -> None:
    for request, result, error in outcomes:
        if request.future.done():
            continue
        if error is None:
            request.future.set_result(result)
        else:
            request.future.set_exception(error)
