"""The steps of a turn: on record before they are carried out, and with their result in one piece with its event."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from robocoders.events import Event
from robocoders.store.appending import append_events
from robocoders.store.errors import StepMismatchError
from robocoders.store.open_turns import find_standing
from robocoders.store.rows import BegunStep, Place, StoredEvent, TurnRow
from robocoders.store.schema import live_text, step
from robocoders.store.writer import Transaction

__all__ = ["begin_step", "finish_step"]

_ACTION, _OBSERVATION = 0, 1
"""The places of a step's two events."""

_STEP = select(step.c.fingerprint, step.c.action_id, step.c.result).where(
    step.c.turn_id == bindparam("sought"), step.c.number == bindparam("of_number")
)


def begin_step(
    transaction: Transaction, turn: TurnRow, number: int, *, fingerprint: str, action: Event, repeatable: bool
) -> BegunStep:
    """Put a step on record with the event that announces it, or return what became of it before.

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
    # Where the step is known, so is its action: the event that is there is returned.
    [announced] = append_events(transaction, turn.id, [action], place=Place(number, _ACTION))
    if known is None:
        transaction.connection.execute(
            insert(step).values(
                turn_id=turn.id,
                number=number,
                fingerprint=fingerprint,
                action_id=announced.id,
                created_at_us=announced.created_at_us,
            )
        )
        return BegunStep(announced, "new")
    if known.result is not None:
        return BegunStep(announced, "finished", result=known.result)
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
