"""Reading the log: in pages, from any id."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from robocoders.store.rows import ClosedTurn, StoredEvent
from robocoders.store.schema import event, turn
from robocoders.store.turns import turn_row

__all__ = ["EVENT_COLUMNS", "PAGE_BYTES", "list_closed_turns", "read_events"]

PAGE_BYTES = 4 * 1024 * 1024
"""A page ends after the event that brings its bodies to this size, so that memory stays flat."""


EVENT_COLUMNS = tuple(column for column in event.c if column.name not in {"step", "n"})
"""What is read of an event. Its place lies behind its body and is only looked up, in the index."""


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
        _with_closing(select(*EVENT_COLUMNS, turn.c.id.label("closed_turn_id")))
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
    prefixed = [column.label(f"event_{column.name}") for column in EVENT_COLUMNS]
    # Images are in the wishes, and nobody who reads many turns looks at them.
    of_turn = [column for column in turn.c if column.name != "wishes"]
    query = (
        select(*of_turn, *prefixed)
        .select_from(turn)
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
                **{column.name: getattr(one, f"event_{column.name}") for column in EVENT_COLUMNS},
                closes_turn=True,
            )
            closed.append(ClosedTurn(turn_row(one), closing))
            size_bytes += len(closing.body) + len(closed[-1].turn.prompt)
            if size_bytes >= PAGE_BYTES:
                break
    return closed


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
