"""The steps of a turn: on record before they are carried out, and with their result in one piece with its event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from robocoders.events import Event
from robocoders.store.appending import append_events
from robocoders.store.errors import StepMismatchError
from robocoders.store.open_turns import find_standing
from robocoders.store.rows import BegunStep, Place, StoredEvent, TurnRow
from robocoders.store.schema import live_text, step
from robocoders.store.writer import Transaction

__all__ = ["Announced", "announce_step", "begin_step", "finish_step"]

_ACTION, _OBSERVATION = 0, 1
"""The places of a step's two events."""

_STEP = select(step.c.fingerprint, step.c.action_id, step.c.result).where(
    step.c.turn_id == bindparam("sought"), step.c.number == bindparam("of_number")
)


@dataclass(frozen=True, slots=True)
class Announced:
    """A step that is on record.

    Attributes:
        events: Those that announce it.
        is_new: Whether it was not on record before.
        result: Its result, where it is finished.
    """

    events: tuple[StoredEvent, ...]
    is_new: bool
    result: bytes | None


def announce_step(
    transaction: Transaction, turn: TurnRow, number: int, *, fingerprint: str, events: Sequence[Event]
) -> Announced:
    """Put a step on record with the events that announce it, from its place 0 on; once, however often it is called.

    Raises:
        StepMismatchError: It was begun with another fingerprint.
        TurnEndedError, SessionGoneError, TypeError, ValueError: As `append_events`.
    """
    find_standing(transaction, turn.id)
    known = transaction.connection.execute(_STEP, {"sought": turn.id, "of_number": number}).first()
    if known is not None and known.fingerprint != fingerprint:
        raise StepMismatchError(
            f"step {number} of the turn was begun as another one: it cannot go on from there",
            session_id=turn.session_id,
        )
    announced = append_events(transaction, turn.id, events, place=Place(number, _ACTION))
    if known is None:
        transaction.connection.execute(
            insert(step).values(
                turn_id=turn.id,
                number=number,
                fingerprint=fingerprint,
                action_id=announced[-1].id,
                created_at_us=announced[-1].created_at_us,
            )
        )
    return Announced(tuple(announced), is_new=known is None, result=None if known is None else known.result)


def begin_step(
    transaction: Transaction, turn: TurnRow, number: int, *, fingerprint: str, action: Event, repeatable: bool
) -> BegunStep:
    """Put a step on record with the event that announces it, or return what became of it before.

    Raises:
        StepMismatchError, TurnEndedError, SessionGoneError, TypeError, ValueError: As `announce_step`.
    """
    step_on_record = announce_step(transaction, turn, number, fingerprint=fingerprint, events=[action])
    [announced] = step_on_record.events
    if step_on_record.is_new:
        return BegunStep(announced, "new")
    if step_on_record.result is not None:
        return BegunStep(announced, "finished", result=step_on_record.result)
    output = "" if repeatable else _output(transaction, turn, announced.id)
    return BegunStep(announced, "unfinished", output=output)


def _output(transaction: Transaction, turn: TurnRow, action_id: int) -> str:
    transaction.flush()
    said = select(live_text.c.text).where(
        live_text.c.session_id == turn.session_id,
        live_text.c.turn_id == turn.id,
        live_text.c.event_id > action_id,
    )
    return transaction.connection.execute(said).scalar_one_or_none() or ""


def finish_step(transaction: Transaction, turn: TurnRow, number: int, observation: Event, result: bytes) -> StoredEvent:
    """Store a step's result and the event that tells it; those of a finished step are returned as they are.

    Raises:
        StepMismatchError: It was never begun.
        TurnEndedError, SessionGoneError, TypeError, ValueError: As `append_events`.
    """
    find_standing(transaction, turn.id)
    known = transaction.connection.execute(_STEP, {"sought": turn.id, "of_number": number}).first()
    if known is None:
        raise StepMismatchError(f"step {number} of the turn was never begun", session_id=turn.session_id)
    [told] = append_events(transaction, turn.id, [observation], place=Place(number, _OBSERVATION))
    if known.result is None:
        transaction.connection.execute(
            update(step).where(step.c.turn_id == turn.id, step.c.number == number).values(result=result)
        )
    return told
