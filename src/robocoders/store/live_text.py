"""The text of an event to come: one growing row a session, gone when the event is in the log."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from robocoders.store.open_turns import find_standing
from robocoders.store.rows import LiveReset, LiveText, TurnRow, Withdrawn
from robocoders.store.schema import live_text
from robocoders.store.withdrawing import record_withdrawal
from robocoders.store.writer import Transaction

__all__ = ["find_live_text", "withdraw_live_text", "write_live_text"]

_OF_TURN = (live_text.c.session_id == bindparam("of_session"), live_text.c.turn_id == bindparam("of_turn"))

_GROW = (
    update(live_text)
    .where(*_OF_TURN)
    .values(
        text=live_text.c.text.concat(bindparam("piece")),
        length=live_text.c.length + bindparam("piece_length"),
    )
    .returning(live_text.c.event_id, live_text.c.generation, live_text.c.length)
)

_SAID = select(live_text.c.event_id, live_text.c.generation, live_text.c.length).where(
    *_OF_TURN, live_text.c.length > 0
)
_WITHDRAW = update(live_text).where(*_OF_TURN).values(text="", length=0, generation=live_text.c.generation + 1)


def write_live_text(transaction: Transaction, turn: TurnRow, text: str) -> LiveText:
    """Add to the text of the event to come, and return the piece with its place.

    Raises:
        TurnEndedError: The turn has its closing message already.
        SessionGoneError: The session was deleted.
    """
    transaction.silence(turn.session_id)
    grown = transaction.connection.execute(
        _GROW,
        {"of_session": turn.session_id, "of_turn": turn.id, "piece": text, "piece_length": len(text)},
    ).first()
    if grown is not None:
        # Whatever ends a turn takes the row with it: where there is one, the turn is open.
        offset = grown.length - len(text)
        return LiveText(turn.session_id, turn.id, grown.event_id, grown.generation, offset, text)
    begun = LiveText(turn.session_id, turn.id, find_standing(transaction, turn.id).last_id + 1, 0, 0, text)
    row = {"turn_id": begun.turn_id, "event_id": begun.event_id, "generation": 0, "length": len(text), "text": text}
    transaction.connection.execute(
        insert(live_text)
        .values(session_id=begun.session_id, **row)
        .on_conflict_do_update(index_elements=[live_text.c.session_id], set_=row)
    )
    return begun


def withdraw_live_text(transaction: Transaction, turn: TurnRow) -> LiveReset | None:
    """Empty the text of the event to come, and keep that there was some; None where nothing was said."""
    transaction.silence(turn.session_id)
    whose = {"of_session": turn.session_id, "of_turn": turn.id}
    said = transaction.connection.execute(_SAID, whose).first()
    if said is None:
        return None
    transaction.connection.execute(_WITHDRAW, whose)
    record_withdrawal(transaction, turn.session_id, Withdrawn(said.event_id, said.generation, said.length))
    return LiveReset(turn.session_id, said.event_id, said.generation + 1)


def find_live_text(connection: Connection, session_id: str) -> LiveText | None:
    """Return the whole text so far, from offset 0; None where there is none."""
    found = connection.execute(select(live_text).where(live_text.c.session_id == session_id)).first()
    if found is None:
        return None
    return LiveText(found.session_id, found.turn_id, found.event_id, found.generation, 0, found.text)
