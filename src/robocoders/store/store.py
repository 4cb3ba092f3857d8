"""The store as the service uses it: asynchronous, one writer, a few readers."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from robocoders.errors import ConfigurationError
from robocoders.events import Event, MessageAction, Observation
from robocoders.store import (
    accounts,
    appending,
    event_log,
    history,
    keys,
    live_text,
    sessions,
    spending,
    steps,
    summaries,
    turns,
    waiting,
)
from robocoders.store.connections import BUSY_TIMEOUT_SECONDS
from robocoders.store.errors import told
from robocoders.store.open_turns import read_last_event_id
from robocoders.store.opening import prepare_database
from robocoders.store.places import check_file_system, make_private_directory, path_of
from robocoders.store.readers import Readers
from robocoders.store.reserve import require_room
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
    SessionRow,
    SessionSummary,
    Spending,
    StoredEvent,
    Sums,
    TokenRow,
    TurnRow,
)
from robocoders.store.segments import Segments
from robocoders.store.writer import Writer

__all__ = ["Store", "system_clock_us"]


def system_clock_us() -> int:
    """Return the time in UTC microseconds since 1970."""
    return time.time_ns() // 1000


class Store(Segments):
    """One database. What a method has returned is on the disk.

    Every method raises `StoreError` where the database fails, and those that write raise `StoreFullError` where no
    space is left. Several processes may open one file: their transactions wait for each other. Of an engine over
    it there may be only one, which is for the owner of the data directory to see to.
    """

    def __init__(self, path: Path, writer: Writer, readers: Readers) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        now_us: Callable[[], int] = system_clock_us,
        limit_bytes: int | None = None,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
    ) -> Store:
        """Open a database, after making or migrating it where that is needed.

        The file gets mode 0600, a directory that has to be made 0700.

        Args:
            url: `sqlite:///PATH`; what follows the third slash is the path as it is.
            now_us: Returns the time, in UTC microseconds.
            limit_bytes: The size that the database must not exceed, its last mebibyte being kept for closing
                messages; None for the size of the disk.
            busy_timeout_seconds: How long a write waits for another process that holds the database.

        Raises:
            ConfigurationError: The address is of another form, the directory is not writable or on a network file
                system, or the database is a newer version's or another program's.
            StoreError: The database is damaged or cannot be read.
        """
        path = path_of(url)

        def prepare() -> tuple[Writer, Readers]:
            try:
                make_private_directory(path.parent)
                check_file_system(path.parent)
                prepare_database(path, busy_timeout_seconds=busy_timeout_seconds)
            except (SQLAlchemyError, sqlite3.Error) as error:
                raise told(error, path) from error
            except OSError as error:
                raise ConfigurationError(
                    f"the database {path} cannot be opened ({error.strerror}): choose another data directory"
                ) from error
            writer = Writer(path, now_us, limit_bytes=limit_bytes, busy_timeout_seconds=busy_timeout_seconds)
            writer.start()
            return writer, Readers(path)

        return cls(path, *await asyncio.to_thread(prepare))

    async def close(self) -> None:
        """Finish what was begun and let go of the database. Calling it again does nothing."""
        # A thread of its own: those of the event loop may all be busy with work that takes longer than a stop may.
        thread = ThreadPoolExecutor(1, thread_name_prefix="robocoders-store-close")
        try:
            await asyncio.get_running_loop().run_in_executor(thread, self._close)
        finally:
            thread.shutdown(wait=False)

    def _close(self) -> None:
        # Readers first: the last connection to leave tidies the WAL file up, and readers may not write.
        self._readers.close()
        self._writer.close()

    async def ready(self) -> None:
        """Return when the database answers and has room for what is written next.

        Raises:
            StoreFullError: No space is left.
            StoreError: The database failed, or the store was closed.
        """
        await self._readers.run(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
        await self._writer.run(lambda transaction: require_room(transaction.connection, self.path))

    async def setting(self, name: str, make: Callable[[], str]) -> str:
        """Return a setting; the first caller's `make` gives it its value."""
        known = await self._readers.run(lambda connection: accounts.find_setting(connection, name))
        if known is not None:
            return known
        return await self._writer.run(lambda transaction: accounts.get_or_create_setting(transaction, name, make))

    async def add_token(self, user_id: str, user_name: str, jti: str, expires_at_us: int) -> None:
        """Record a token that is being handed out, and its user."""
        await self._writer.run(
            lambda transaction: accounts.add_token(transaction, jti, user_id, user_name, expires_at_us)
        )

    async def token(self, jti: str) -> TokenRow | None:
        """Return what is known of a token by its id."""
        return await self._readers.run(lambda connection: accounts.find_token(connection, jti))

    async def revoke_token(self, jti: str) -> None:
        """Revoke a token; an unknown one is none."""
        await self._writer.run(lambda transaction: accounts.revoke_token(transaction, jti), uses_reserve=True)

    async def get_or_create_session(self, row: SessionRow) -> SessionRow:
        """Return the session of that id, whoever owns it and deleted or not; where there is none, make this one."""
        # Nearly every prompt comes with a session that exists; it need not wait for the disk, nor have room there.
        known = await self.session(row.id)
        if known is not None:
            return known
        return await self._writer.run(lambda transaction: sessions.get_or_create_session(transaction, row))

    async def session_once(self, row: SessionRow, keyed: Keyed | None) -> SessionRow:
        """Like `get_or_create_session`; the same key returns the session of the first time, whatever `row` says.

        Raises:
            KeyReusedError: The owner has used the key with another request.
        """
        if keyed is None:
            return await self.get_or_create_session(row)
        return await self._writer.run(lambda transaction: sessions.session_once(transaction, row, keyed))

    async def session(self, session_id: str) -> SessionRow | None:
        """Return a session, deleted or not."""
        return await self._readers.run(lambda connection: sessions.find_session(connection, session_id))

    async def sessions(self, owner: str, *, limit: int = 100, before_us: int | None = None) -> list[SessionSummary]:
        """Return the owner's sessions, newest first, without deleted ones; `before_us` reads on from a page's end."""
        return await self._readers.run(
            lambda connection: summaries.list_sessions(connection, owner, limit=limit, before_us=before_us)
        )

    async def session_summary(self, session_id: str) -> SessionSummary | None:
        """Return a session as `sessions` shows it; None where there is none, or it was deleted."""
        return await self._readers.run(lambda connection: summaries.find_summary(connection, session_id))

    async def delete_session(self, session_id: str, keyed: Keyed | None = None) -> None:
        """Delete all that was said in a session; its row stays, marked. Open turns end as cancelled, without a word.

        Raises:
            KeyReusedError: The owner has used the key with another request.
        """
        await self._writer.run(
            lambda transaction: sessions.delete_session(transaction, session_id, keyed), uses_reserve=True
        )

    async def bind_cancel(self, session_id: str, keyed: Keyed | None) -> CancelBound:
        """Return which turns are to be cancelled: those open now, or when the same key came first.

        Raises:
            KeyReusedError: The owner has used the key with another request.
        """
        if keyed is None:
            return await self._readers.run(lambda connection: sessions.find_cancel_bound(connection, session_id))
        return await self._writer.run(
            lambda transaction: sessions.bind_cancel(transaction, session_id, keyed), uses_reserve=True
        )

    async def known_key(self, keyed: Keyed) -> KnownKey | None:
        """Return what a key was used for; None where it is new.

        Raises:
            KeyReusedError: The owner has used the key with another request.
        """
        return await self._readers.run(lambda connection: keys.find_key(connection, keyed))

    async def begin_turn(self, new: NewTurn) -> BegunTurn:
        """Accept a prompt, or return the turn that its key has begun before.

        Raises:
            KeyReusedError: The owner has used the key with another body.
            SessionGoneError: There is no such session any more.
            SessionBusyError: A turn is open and the caller would not wait.
        """
        return await self._writer.run(lambda transaction: turns.begin_turn(transaction, new))

    async def mark_running(self, turn_id: str) -> None:
        """Record that a queued turn has been started."""
        await self._writer.run(lambda transaction: turns.mark_running(transaction, turn_id))

    async def open_turns(self) -> list[TurnRow]:
        """Return all turns that have not ended, by session and number."""
        return await self._readers.run(turns.list_open_turns)

    async def turn(self, turn_id: str) -> TurnRow | None:
        """Return a turn by its id."""
        return await self._readers.run(lambda connection: turns.find_turn(connection, turn_id))

    async def last_turn(self, session_id: str) -> TurnRow | None:
        """Return the session's newest turn, whatever its state."""
        return await self._readers.run(lambda connection: turns.find_last_turn(connection, session_id))

    async def closed_turns(self, session_id: str, *, before_number: int, limit: int = 50) -> list[ClosedTurn]:
        """Return turns accepted before the one of that number, newest first, each with its closing message.

        Turns without one are left out. A page may be shorter than `limit`; only the last is empty.
        """
        return await self._readers.run(
            lambda connection: event_log.list_closed_turns(
                connection, session_id, before_number=before_number, limit=limit
            )
        )

    async def append(self, turn: TurnRow, events: Sequence[Event], *, place: Place | None = None) -> list[StoredEvent]:
        """Number, stamp, encode and commit the events of an open turn, in their order; its live text goes.

        Args:
            turn: The turn.
            events: What to add.
            place: Where in the turn the first of them belongs, the others after it. What is there already is returned
                as it is, whatever `events` says, and nothing is added for it.

        Raises:
            TurnEndedError: The turn has its closing message already.
            SessionGoneError: The session was deleted.
            TypeError, ValueError: An event holds something that JSON cannot carry; nothing of the call is stored.
        """
        return await self._writer.run(
            lambda transaction: appending.append_events(transaction, turn.id, events, place=place)
        )

    async def begin_step(
        self, turn: TurnRow, number: int, *, fingerprint: str, action: Event, repeatable: bool = False
    ) -> BegunStep:
        """Put a step of an open turn on record with the event that announces it, before it is carried out.

        Args:
            turn: The turn.
            number: 1, 2, 3, ... in the order of the turn's steps.
            fingerprint: What the step does; the same number must come with the same one.
            action: The event; it takes the place (number, 0).
            repeatable: Whether it is carried out again where it was cut off: then nobody asks for its output so far.

        Raises:
            StepMismatchError: The step was begun with another fingerprint.
            TurnEndedError, SessionGoneError, TypeError, ValueError: As `append`.
        """
        return await self._writer.run(
            lambda transaction: steps.begin_step(
                transaction, turn, number, fingerprint=fingerprint, action=action, repeatable=repeatable
            )
        )

    async def finish_step(self, turn: TurnRow, number: int, observation: Event, result: bytes) -> StoredEvent:
        """Commit a step's result and, at the place (number, 1), the event that tells it, in one transaction.

        A step that is finished stays as it is; the event that it was finished with is returned.

        Raises:
            StepMismatchError: The step was never begun.
            TurnEndedError, SessionGoneError, TypeError, ValueError: As `append`.
        """
        return await self._writer.run(
            lambda transaction: steps.finish_step(transaction, turn, number, observation, result)
        )

    async def begin_wait(
        self, turn: TurnRow, number: int, *, fingerprint: str, questions: Sequence[Event]
    ) -> BegunWait:
        """Ask somebody outside of an open turn: put the questions on record as one of its steps, in one append.

        Args:
            turn: The turn.
            number: 1, 2, 3, ... in the order of the turn's steps.
            fingerprint: What is asked; the same number must come with the same one.
            questions: The events that ask. What is on record already is returned as it is, with its answers so far.

        Raises:
            StepMismatchError: The step was begun with another fingerprint.
            TurnEndedError, SessionGoneError, TypeError, ValueError: As `append`.
        """
        return await self._writer.run(
            lambda transaction: waiting.begin_wait(
                transaction, turn, number, fingerprint=fingerprint, questions=questions
            )
        )

    async def wait(self, turn: TurnRow, number: int) -> BegunWait:
        """Return what a step of a turn has asked, and what was answered so far."""
        return await self._readers.run(lambda connection: waiting.find_wait(connection, turn.id, number))

    async def answer(
        self, turn: TurnRow, number: int, answers: Mapping[int, Observation]
    ) -> tuple[BegunWait, list[StoredEvent]]:
        """Commit answers to what a step has asked; an answer that is there already is not added again.

        Args:
            turn: The turn.
            number: The step.
            answers: From the question's place in it, from 0, to the event that answers it.

        Returns:
            The questions as they are now, and the events that were added.

        Raises:
            UnknownQuestionError: One of them was never asked.
            AnswerConflictError: One of them has another answer; nothing of the call is stored.
            TurnEndedError: The turn has ended without one of these answers.
            SessionGoneError, TypeError, ValueError: As `append`.
        """
        return await self._writer.run(
            lambda transaction: waiting.answer_questions(transaction, turn.id, number, answers)
        )

    async def write_live_text(self, turn: TurnRow, text: str) -> LiveText:
        """Commit more of the text of a turn's next event and return this piece with its place.

        Raises:
            TurnEndedError: The turn has its closing message already.
            SessionGoneError: The session was deleted.
        """
        return await self._writer.run(lambda transaction: live_text.write_live_text(transaction, turn, text))

    async def withdraw_live_text(self, turn: TurnRow) -> LiveReset | None:
        """Take back what was said of a turn's next event; None where nothing was."""
        return await self._writer.run(lambda transaction: live_text.withdraw_live_text(transaction, turn))

    async def live_text(self, session_id: str) -> LiveText | None:
        """Return all that was said of a session's next event, from offset 0; None where there is nothing."""
        return await self._readers.run(lambda connection: live_text.find_live_text(connection, session_id))

    async def end_turn(
        self,
        turn: TurnRow,
        closing: MessageAction,
        *,
        reason: str,
        spending: Spending | None = None,
        messages: bytes | None = None,
    ) -> StoredEvent:
        """Commit a turn's closing message and its end in one transaction, with the last space there is if need be.

        Args:
            turn: The turn.
            closing: Its last event.
            reason: Why it ends.
            spending: What it has used up; None where `record_spending` has said it.
            messages: The model's messages after it, for the session's next turn; None: those before it stay.

        Raises:
            TurnEndedError: It has ended already.
            SessionGoneError: The session was deleted.
            TypeError, ValueError: The message holds something that JSON cannot carry.
        """
        return await self._writer.run(
            lambda transaction: appending.end_turn(
                transaction, turn, closing, reason=reason, spending=spending, messages=messages
            ),
            uses_reserve=True,
        )

    async def record_spending(self, turn: TurnRow, so_far: Spending) -> None:
        """Keep what an open turn has used up so far; of one that has ended nothing changes."""
        await self._writer.run(lambda transaction: spending.record_spending(transaction, turn.id, so_far))

    async def ledger(self, turn: TurnRow, owner: str) -> Ledger:
        """Return what others than this turn have used up: in its session, and of its user."""
        return await self._readers.run(
            lambda connection: spending.find_ledger(connection, turn.id, turn.session_id, owner)
        )

    async def spent_by_session(self, session_id: str) -> Sums:
        """Return what all turns of a session have used up, open ones included."""
        return await self._readers.run(lambda connection: spending.sum_of_session(connection, session_id))

    async def spent_by_user(self, owner: str) -> Sums:
        """Return what all turns of a user have used up, those of deleted sessions included."""
        return await self._readers.run(lambda connection: spending.sum_of_user(connection, owner))

    async def used_before(self, turn: TurnRow, name: str) -> bool:
        """Return whether the usage of an earlier turn of the session has an entry of that name."""
        return await self._readers.run(
            lambda connection: spending.used_before(connection, turn.session_id, name, before_number=turn.number)
        )

    async def model_history(self, session_id: str) -> ModelHistory | None:
        """Return the model's messages of a session; None where none are kept."""
        return await self._readers.run(lambda connection: history.find_history(connection, session_id))

    async def set_limits(self, session_id: str, limits: dict[str, Any]) -> None:
        """Give a session other limits; they hold for prompts that come after this."""
        await self._writer.run(lambda transaction: sessions.set_limits(transaction, session_id, limits))

    async def events(
        self, session_id: str, *, after: int = 0, limit: int = 1000, turn_id: str | None = None
    ) -> list[StoredEvent]:
        """Return a page of the log after an id, oldest first.

        A page may be shorter than `limit` (it ends at 4 MiB of bodies), so read on from its last id until one is empty.
        """
        return await self._readers.run(
            lambda connection: event_log.read_events(connection, session_id, after=after, limit=limit, turn_id=turn_id)
        )

    async def last_event_id(self, session_id: str) -> int:
        """Return the id of the session's newest event, 0 where there is none."""
        return await self._readers.run(lambda connection: read_last_event_id(connection, session_id))
