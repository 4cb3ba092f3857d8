"""Questions of a turn to somebody outside of it: asked once, each answered once, in the log like all else.

They are a step of the turn. The events that ask take the places 0, 1, 2, ... in it, those that answer the places from
`_ANSWERS` on in the same order, whenever they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, select

from robocoders.events import Event, Observation
from robocoders.store.appending import append_events, find_placed
from robocoders.store.errors import AnswerConflictError, UnknownQuestionError
from robocoders.store.rows import BegunWait, Place, StoredEvent, TurnRow
from robocoders.store.schema import step
from robocoders.store.steps import announce_step
from robocoders.store.writer import Transaction
from robocoders.wire.codec import decode_event, encode_event

__all__ = ["answer_questions", "begin_wait", "find_wait"]

_ANSWERS = 1 << 20

_STEP = select(step.c.fingerprint).where(step.c.turn_id == bindparam("sought"), step.c.number == bindparam("of_number"))


def begin_wait(
    transaction: Transaction, turn: TurnRow, number: int, *, fingerprint: str, questions: Sequence[Event]
) -> BegunWait:
    """Put questions on record as a step, or return what became of them before.

    Raises:
        StepMismatchError, TurnEndedError, SessionGoneError, TypeError, ValueError: As `announce_step`.
    """
    assert 0 < len(questions) < _ANSWERS, "somebody is asked something"
    announced = announce_step(transaction, turn, number, fingerprint=fingerprint, events=questions)
    if announced.is_new:
        return BegunWait(announced.events, (None,) * len(announced.events))
    transaction.flush()
    return find_wait(transaction.connection, turn.id, number)


def find_wait(connection: Connection, turn_id: str, number: int) -> BegunWait:
    """Return the questions of a step and their answers; of a step that asked nothing there are none."""
    placed = find_placed(connection, turn_id, Place(number, 0))
    asked = tuple(placed[place] for place in sorted(placed) if place.n < _ANSWERS)
    return BegunWait(asked, tuple(placed.get(Place(number, _ANSWERS + index)) for index in range(len(asked))))


def answer_questions(
    transaction: Transaction, turn_id: str, number: int, answers: Mapping[int, Observation]
) -> tuple[BegunWait, list[StoredEvent]]:
    """Add answers to the log, each with its question as its cause; one that is there already is not added again.

    Args:
        transaction: The transaction.
        turn_id: The turn.
        number: The step that asked.
        answers: From the question's place in it, from 0, to the event that answers it.

    Returns:
        The questions as they are now, and the events that were added.

    Raises:
        UnknownQuestionError: It was never asked.
        AnswerConflictError: It has another answer.
        TurnEndedError: The turn has ended without that answer.
        SessionGoneError, TypeError, ValueError: As `append_events`.
    """
    transaction.flush()
    known = transaction.connection.execute(_STEP, {"sought": turn_id, "of_number": number}).first()
    before = find_wait(transaction.connection, turn_id, number)
    if known is None or any(not 0 <= index < len(before.asked) for index in answers):
        raise UnknownQuestionError("that was never asked")
    new: list[StoredEvent] = []
    for index, answer in sorted(answers.items()):
        there = before.answers[index]
        if there is None:
            caused = msgspec.structs.replace(answer, cause=before.asked[index].id)
            new += append_events(transaction, turn_id, [caused], place=Place(number, _ANSWERS + index))
        elif _content(there.body) != _content(encode_event(answer)):
            raise AnswerConflictError("that was answered already, and otherwise", session_id=there.session_id)
    transaction.flush()
    return find_wait(transaction.connection, turn_id, number), new


def _content(body: bytes) -> str:
    event = decode_event(body)
    return event.content if isinstance(event, Observation) else ""
