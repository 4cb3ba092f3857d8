"""What a client answers, on its way into the log of the turn that has asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robocoders.engine.asking import CallsLeftOpenError, ClientAnswerConflictError, UnknownCallError, step_of
from robocoders.engine.call_ids import QuestionPlace, call_id
from robocoders.events import Observation, ToolResultExtras, ToolResultObservation
from robocoders.store import (
    AnswerConflictError,
    SessionGoneError,
    Store,
    StoredEvent,
    TurnEndedError,
    TurnRow,
    UnknownQuestionError,
)

__all__ = ["Answered", "commit_answers"]

_UNKNOWN = "no call of that name is waited for: its turn has ended, or it was never made"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of answers.

    Attributes:
        turn: The turn that had asked.
        new: The events that were added; none where all was answered before.
        begins_after: The id after which comes what the answers lead to.
    """

    turn: TurnRow
    new: Sequence[StoredEvent]
    begins_after: int


async def commit_answers(store: Store, owner: str, results: Mapping[str, str], *, whole: bool) -> Answered:
    """Commit what a client's tools returned.

    Raises:
        UnknownCallError, CallsLeftOpenError, ClientAnswerConflictError, StoreError: As
            `robocoders.engine.runner.Engine.answer`.
    """
    turn_id, step, names = step_of(results)
    turn = await store.turn(turn_id)
    session = None if turn is None else await store.session(turn.session_id)
    if turn is None or session is None or session.owner != owner or session.deleted_at_us is not None:
        raise UnknownCallError(_UNKNOWN)
    answers: dict[int, Observation] = {
        index: ToolResultObservation(
            message="The client has answered.", content=results[name], extras=ToolResultExtras(call_id=name)
        )
        for index, name in names.items()
    }
    if whole:
        known = (await store.wait(turn, step)).answers
        places = [index for index, answer in enumerate(known) if answer is None and index not in answers]
        if places:
            left = tuple(call_id(QuestionPlace(turn_id, step, index)) for index in places)
            raise CallsLeftOpenError(left, session_id=turn.session_id)
    try:
        wait, new = await store.answer(turn, step, answers)
    except (UnknownQuestionError, TurnEndedError, SessionGoneError):
        raise UnknownCallError(_UNKNOWN, session_id=turn.session_id) from None
    except AnswerConflictError as error:
        raise ClientAnswerConflictError(
            "a call has another result already: results cannot be changed", session_id=turn.session_id
        ) from error
    return Answered(turn, new, wait.asked[-1].id)
