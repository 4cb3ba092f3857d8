"""Where a turn stands when something is to be added to it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from robocoders.store.errors import SessionGoneError, TurnEndedError
from robocoders.store.schema import event, session, turn
from robocoders.store.writer import Transaction

__all__ = ["Standing", "find_standing", "read_last_event_id"]


class Standing(NamedTuple):
    """Where an open turn stands.

    Attributes:
        session_id: Its session.
        last_id: The session's newest event, 0 where there is none.
        greatest_n: The last place that is taken in the step that was asked for; -1 where none is.
    """

    session_id: str
    last_id: int
    greatest_n: int


_LAST_ID = select(func.coalesce(func.max(event.c.id), 0))
_GREATEST_N = select(func.coalesce(func.max(event.c.n), -1)).where(event.c.step == bindparam("step"))
_STANDING = (
    select(
        turn.c.session_id,
        turn.c.state,
        session.c.deleted_at_us,
        _LAST_ID.where(event.c.session_id == turn.c.session_id).scalar_subquery().label("last_id"),
        _GREATEST_N.where(event.c.turn_id == turn.c.id).scalar_subquery().label("greatest_n"),
    )
    .join(session, session.c.id == turn.c.session_id)
    .where(turn.c.id == bindparam("sought"))
)
_LAST_ID_OF_SESSION = _LAST_ID.where(event.c.session_id == bindparam("sought"))
_GREATEST_N_OF_TURN = _GREATEST_N.where(event.c.turn_id == bindparam("sought"))


def find_standing(transaction: Transaction, turn_id: str, step: int | None = None) -> Standing:
    """Return where a turn stands; events that wait in the transaction count, except for `greatest_n`.

    Args:
        transaction: The transaction.
        turn_id: The turn.
        step: The step whose places are asked for; None where it does not matter.

    Raises:
        TurnEndedError: The turn has its closing message already.
        SessionGoneError: The session was deleted, or there never was such a turn.
    """
    session_id = transaction.open_turns.get(turn_id)
    if session_id is not None:
        return _known_standing(transaction, turn_id, session_id, step)
    found = transaction.connection.execute(_STANDING, {"sought": turn_id, "step": step}).first()
    if found is None or found.deleted_at_us is not None:
        raise SessionGoneError("the session was deleted: nothing is added to its log any more")
    session_id = str(found.session_id)
    if found.state == "ended":
        raise TurnEndedError("the turn has ended: its closing message is its last event", session_id=session_id)
    transaction.open_turns[turn_id] = session_id
    last_id = transaction.last_ids.setdefault(session_id, int(found.last_id))
    return Standing(session_id, last_id, int(found.greatest_n))


def _known_standing(transaction: Transaction, turn_id: str, session_id: str, step: int | None) -> Standing:
    greatest_n = -1
    if step is not None:
        of_step = {"sought": turn_id, "step": step}
        greatest_n = transaction.connection.execute(_GREATEST_N_OF_TURN, of_step).scalar_one()
    return Standing(session_id, transaction.last_ids[session_id], greatest_n)


def read_last_event_id(connection: Connection, session_id: str) -> int:
    """Return the id of the session's newest event, 0 where there is none."""
    return connection.execute(_LAST_ID_OF_SESSION, {"sought": session_id}).scalar_one()
