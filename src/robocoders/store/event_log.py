"""The log: events numbered and encoded in the transaction that commits them, read in pages from any id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select, update

from robocoders.events import Event, Observation, UnknownEvent
from robocoders.store.errors import SessionGoneError, TurnEndedError
from robocoders.store.rows import ClosedTurn, StoredEvent, Visibility
from robocoders.store.schema import EVENT_SCHEMA_VERSION, event, session, turn
from robocoders.store.turns import turn_row
from robocoders.store.writer import Transaction
from robocoders.wire.codec import encode_event, format_timestamp

__all__ = ["PAGE_BYTES", "append_events", "end_turn", "list_closed_turns", "read_events", "read_last_event_id"]

PAGE_BYTES = 4 * 1024 * 1024
"""A page ends after the event that brings its bodies to this size, so that memory stays flat."""


_COLUMNS = tuple(column.name for column in event.c)

_PLACE = (
    select(turn.c.session_id, turn.c.state, session.c.deleted_at_us)
    .join(session, session.c.id == turn.c.session_id)
    .where(turn.c.id == bindparam("sought"))
)


def append_events(transaction: Transaction, turn_id: str, events: Sequence[Event]) -> list[StoredEvent]:
    """Number, encode and store the events of an open turn, in their order.

    Raises:
        TurnEndedError: The turn has its closing message already.
        SessionGoneError: The session was deleted.
        TypeError, ValueError: An event holds something that JSON cannot carry.
    """
    session_id, last_id = _place(transaction, turn_id)
    stored: list[StoredEvent] = []
    for number, new in enumerate(events, start=last_id + 1):
        now_us = transaction.now_us()
        whole = msgspec.structs.replace(new, id=number, timestamp=format_timestamp(now_us), sid=session_id, raw=b"")
        stored.append(
            StoredEvent(
                session_id=session_id,
                id=number,
                turn_id=turn_id,
                cause=new.cause,
                body=encode_event(whole),
                visibility=_visibility(new),
                schema_version=EVENT_SCHEMA_VERSION,
                created_at_us=now_us,
            )
        )
    if stored:
        transaction.waiting.extend({name: getattr(one, name) for name in _COLUMNS} for one in stored)
        transaction.last_ids[session_id] = stored[-1].id
    return stored


def end_turn(
    transaction: Transaction, turn_id: str, closing: Event, *, reason: str, usage: dict[str, int], cost_micro_usd: int
) -> StoredEvent:
    """Store a turn's closing message and mark the turn as ended.

    Raises:
        TurnEndedError: It has ended already.
        SessionGoneError: The session was deleted.
        TypeError, ValueError: The message holds something that JSON cannot carry.
    """
    stored = append_events(transaction, turn_id, [closing])[0]
    transaction.connection.execute(
        update(turn)
        .where(turn.c.id == turn_id)
        .values(
            state="ended",
            reason=reason,
            usage=usage,
            cost_micro_usd=cost_micro_usd,
            last_event_id=stored.id,
            ended_at_us=stored.created_at_us,
        )
    )
    transaction.open_turns.pop(turn_id)
    return replace(stored, closes_turn=True)


def _place(transaction: Transaction, turn_id: str) -> tuple[str, int]:
    """Return the turn's session and the id of the session's newest event."""
    session_id = transaction.open_turns.get(turn_id)
    if session_id is None:
        found = transaction.connection.execute(_PLACE, {"sought": turn_id}).first()
        if found is None or found.deleted_at_us is not None:
            raise SessionGoneError("the session was deleted: nothing is added to its log any more")
        session_id = str(found.session_id)
        if found.state == "ended":
            raise TurnEndedError("the turn has ended: its closing message is its last event", session_id=session_id)
        transaction.open_turns[turn_id] = session_id
    last_id = transaction.last_ids.get(session_id)
    if last_id is None:
        last_id = read_last_event_id(transaction.connection, session_id)
    return session_id, last_id


def _visibility(new: Event) -> Visibility:
    if isinstance(new, UnknownEvent):
        return "observation" if "observation" in new.object and "action" not in new.object else "action"
    return "observation" if isinstance(new, Observation) else "action"


def read_events(
    connection: Connection, session_id: str, *, after: int, limit: int, turn_id: str | None
) -> list[StoredEvent]:
    """Return a page of the log, oldest first; only at the end of the log is it empty.

    Args:
        connection: A reader's connection.
        session_id: The session.
        after: The id after which to begin; 0 for all.
        limit: How many events at most. A page also ends once its bodies have reached `PAGE_BYTES`.
        turn_id: Only the events of this turn.
    """
    query = (
        _with_closing(select(event, turn.c.id.label("closed_turn_id")))
        .where(event.c.session_id == session_id, event.c.id > after)
        .order_by(event.c.id)
        .limit(limit)
    )
    if turn_id is not None:
        whose = turn.alias()
        bounds = select(whose.c.last_event_id).where(whose.c.id == turn_id).scalar_subquery()
        begin = select(whose.c.after_event_id).where(whose.c.id == turn_id).scalar_subquery()
        # The turn's own bounds keep the walk within its part of the log.
        query = query.where(event.c.turn_id == turn_id, event.c.id > begin)
        query = query.where(event.c.id <= func.coalesce(bounds, (1 << 63) - 1))
    page: list[StoredEvent] = []
    size_bytes = 0
    with connection.execute(query) as found:
        for one in found:
            page.append(_event_row(one))
            size_bytes += len(page[-1].body)
            if size_bytes >= PAGE_BYTES:
                break
    return page


def list_closed_turns(connection: Connection, session_id: str, *, before_number: int, limit: int) -> list[ClosedTurn]:
    """Return turns that have ended with a closing message, newest first.

    Args:
        connection: A reader's connection.
        session_id: The session.
        before_number: Only turns accepted before the one of this number.
        limit: How many at most. A page also ends once its messages have reached `PAGE_BYTES`.
    """
    of_session = event.c.session_id == turn.c.session_id
    prefixed = [column.label(f"event_{column.name}") for column in event.c]
    query = (
        select(turn, *prefixed)
        .join(event, and_(of_session, event.c.id == turn.c.last_event_id))
        .where(turn.c.session_id == session_id, turn.c.number < before_number)
        .order_by(turn.c.number.desc())
        .limit(limit)
    )
    closed: list[ClosedTurn] = []
    size_bytes = 0
    with connection.execute(query) as found:
        for one in found:
            closing = StoredEvent(
                **{column.name: getattr(one, f"event_{column.name}") for column in event.c},
                closes_turn=True,
            )
            closed.append(ClosedTurn(turn_row(one), closing))
            size_bytes += len(closing.body) + len(closed[-1].turn.prompt)
            if size_bytes >= PAGE_BYTES:
                break
    return closed


def read_last_event_id(connection: Connection, session_id: str) -> int:
    """Return the id of the session's newest event, 0 where there is none."""
    newest = select(func.max(event.c.id)).where(event.c.session_id == session_id)
    return connection.execute(newest).scalar_one() or 0


def _with_closing(query: Select[Any]) -> Select[Any]:
    closes = and_(turn.c.id == event.c.turn_id, turn.c.last_event_id == event.c.id)
    return query.select_from(event.outerjoin(turn, closes))


def _event_row(found: Row[Any]) -> StoredEvent:
    return StoredEvent(
        session_id=found.session_id,
        id=found.id,
        turn_id=found.turn_id,
        cause=found.cause,
        body=found.body,
        visibility=found.visibility,
        schema_version=found.schema_version,
        created_at_us=found.created_at_us,
        closes_turn=found.closed_turn_id is not None,
    )
