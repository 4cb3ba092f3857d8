"""Adding to the log: events are numbered and encoded in the transaction that commits them, each place is taken once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from robocoders.events import Event, Observation, UnknownEvent
from robocoders.store.event_log import EVENT_COLUMNS
from robocoders.store.history import keep_history
from robocoders.store.open_turns import find_standing
from robocoders.store.rows import Place, Spending, StoredEvent, TurnRow, Visibility
from robocoders.store.schema import EVENT_SCHEMA_VERSION, event, turn
from robocoders.store.spending import spending_values
from robocoders.store.withdrawing import withdraw_contradicted
from robocoders.store.writer import Transaction
from robocoders.wire.codec import encode_event, format_timestamp
from robocoders.wire.protocol import Reason

__all__ = ["append_events", "end_turn", "find_placed"]

_NO_ANSWERS = frozenset({Reason.CANCELLED, Reason.ERROR})
"""Whatever words a turn ends with for these reasons, they are not those that it had begun to say."""

_NAMES = tuple(column.name for column in EVENT_COLUMNS)

_PLACED = select(*EVENT_COLUMNS, event.c.n).where(
    event.c.turn_id == bindparam("sought"), event.c.step == bindparam("of_step"), event.c.n >= bindparam("first")
)


def append_events(
    transaction: Transaction, turn_id: str, events: Sequence[Event], *, place: Place | None = None
) -> list[StoredEvent]:
    """Number, encode and store the events of an open turn, in their order. The session's live text goes.

    Args:
        transaction: The transaction.
        turn_id: The turn.
        events: What to add.
        place: Where in the turn the first of them belongs, the others after it; what is there already is returned as
            it is, and nothing is added for it. None for events that are added whenever they come.

    Raises:
        TurnEndedError: The turn has its closing message already.
        SessionGoneError: The session was deleted.
        TypeError, ValueError: An event holds something that JSON cannot carry.
    """
    session_id, last_id, greatest_n = find_standing(transaction, turn_id, None if place is None else place.step)
    known = {} if place is None or greatest_n < place.n else find_placed(transaction.connection, turn_id, place)
    stored: list[StoredEvent] = []
    for position, new in enumerate(events):
        at = None if place is None else Place(place.step, place.n + position)
        if at is not None:
            there = transaction.placed.get((turn_id, at)) or known.get(at)
            if there is not None:
                stored.append(there)
                continue
        last_id += 1
        one = _stored(new, session_id, last_id, turn_id, transaction.now_us())
        row = {name: getattr(one, name) for name in _NAMES}
        row["step"], row["n"] = (None, None) if at is None else (at.step, at.n)
        transaction.waiting.append(row)
        transaction.last_ids[session_id] = last_id
        transaction.silenced.add(session_id)
        if at is not None:
            transaction.placed[turn_id, at] = one
        stored.append(one)
    return stored


def end_turn(
    transaction: Transaction,
    row: TurnRow,
    closing: Event,
    *,
    reason: str,
    spending: Spending | None,
    messages: bytes | None,
) -> StoredEvent:
    """Store a turn's closing message and mark the turn as ended.

    Args:
        transaction: The transaction.
        row: The turn.
        closing: Its last event.
        reason: Why it ends.
        spending: What it has used up; None where that is on record.
        messages: The model's messages after it; None where there are no new ones.

    Raises:
        TurnEndedError: It has ended already.
        SessionGoneError: The session was deleted.
        TypeError, ValueError: The message holds something that JSON cannot carry.
    """
    withdraw_contradicted(transaction, row, None if reason in _NO_ANSWERS else closing.text)
    stored = append_events(transaction, row.id, [closing])[0]
    transaction.connection.execute(
        update(turn)
        .where(turn.c.id == row.id)
        .values(
            state="ended",
            reason=reason,
            last_event_id=stored.id,
            ended_at_us=stored.created_at_us,
            **({} if spending is None else spending_values(spending)),
        )
    )
    if messages is not None:
        keep_history(transaction, row.session_id, messages, after_turn=row.number)
    transaction.open_turns.pop(row.id)
    return replace(stored, closes_turn=True)


def _stored(new: Event, session_id: str, number: int, turn_id: str, now_us: int) -> StoredEvent:
    whole = msgspec.structs.replace(new, id=number, timestamp=format_timestamp(now_us), sid=session_id, raw=b"")
    return StoredEvent(
        session_id=session_id,
        id=number,
        turn_id=turn_id,
        cause=new.cause,
        body=encode_event(whole),
        visibility=_visibility(new),
        schema_version=EVENT_SCHEMA_VERSION,
        created_at_us=now_us,
    )


def find_placed(connection: Connection, turn_id: str, first: Place) -> dict[Place, StoredEvent]:
    """Return what the table has of a step, from a place on."""
    sought = {"sought": turn_id, "of_step": first.step, "first": first.n}
    return {
        Place(first.step, found.n): StoredEvent(**{name: getattr(found, name) for name in _NAMES})
        for found in connection.execute(_PLACED, sought)
    }


def _visibility(new: Event) -> Visibility:
    if isinstance(new, UnknownEvent):
        return "observation" if "observation" in new.object and "action" not in new.object else "action"
    return "observation" if isinstance(new, Observation) else "action"
