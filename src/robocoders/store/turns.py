"""Turns: accepted once for each key, numbered in their session, open until their closing message is in the log."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, select, update

from robocoders.store.errors import KeyReusedError, SessionBusyError, SessionGoneError
from robocoders.store.keys import find_key, remember_key
from robocoders.store.rows import BegunTurn, Keyed, NewTurn, TurnRow
from robocoders.store.schema import event, session, turn
from robocoders.store.writer import Transaction
from robocoders.wire.wishes import decode_wishes, encode_wishes

__all__ = ["begin_turn", "find_last_turn", "find_turn", "list_open_turns", "mark_running", "turn_row"]


def begin_turn(transaction: Transaction, new: NewTurn) -> BegunTurn:
    """Accept a prompt, or return the turn that its key has begun before.

    Raises:
        KeyReusedError: The owner has used the key with another body.
        SessionGoneError: There is no such session any more.
        SessionBusyError: A turn is open and the caller would not wait.
    """
    connection = transaction.connection
    keyed = None if new.key is None else Keyed(new.owner, new.key, new.body_hash)
    known = None if keyed is None else _turn_of_key(connection, keyed)
    if known is not None:
        return BegunTurn(known, existing=True)
    _check_session(connection, new)
    transaction.flush()
    row = TurnRow(
        id=str(uuid4()),
        session_id=new.session_id,
        number=1 + _greatest(connection, turn.c.number, turn.c.session_id, new.session_id),
        state="queued",
        reason=None,
        agent=new.agent,
        model=new.model,
        prompt=new.prompt,
        history=new.history,
        limits=new.limits,
        usage={},
        cost_micro_usd=0,
        key=new.key,
        after_event_id=_greatest(connection, event.c.id, event.c.session_id, new.session_id),
        last_event_id=None,
        created_at_us=transaction.now_us(),
        ended_at_us=None,
        durable=True,
        only_continues=new.only_continues,
        wishes=new.wishes,
    )
    values = {column.name: getattr(row, column.name) for column in turn.c if hasattr(row, column.name)}
    values["wishes"] = None if new.wishes is None else encode_wishes(new.wishes).decode()
    connection.execute(insert(turn).values(values))
    if keyed is not None:
        remember_key(transaction, keyed, session_id=row.session_id, turn_id=row.id)
    return BegunTurn(row, existing=False)


def _turn_of_key(connection: Connection, keyed: Keyed) -> TurnRow | None:
    known = find_key(connection, keyed)
    if known is None:
        return None
    found = None if known.turn_id is None else find_turn(connection, known.turn_id)
    if found is None:
        raise KeyReusedError("this idempotency key was used for something else than a prompt: give each its own")
    return found


def _check_session(connection: Connection, new: NewTurn) -> None:
    found = connection.execute(select(session.c.deleted_at_us).where(session.c.id == new.session_id)).first()
    if found is None or found.deleted_at_us is not None:
        raise SessionGoneError("the session does not exist any more: create another", session_id=new.session_id)
    if new.refuse_if_busy:
        is_open = turn.c.session_id == new.session_id, turn.c.state != "ended"
        if connection.execute(select(turn.c.id).where(*is_open).limit(1)).first() is not None:
            raise SessionBusyError("the session is busy with another prompt", session_id=new.session_id)


def _greatest(connection: Connection, column: Any, owner_column: Any, owner: str) -> int:
    return connection.execute(select(func.coalesce(func.max(column), 0)).where(owner_column == owner)).scalar_one()


def mark_running(transaction: Transaction, turn_id: str) -> None:
    """Record that a queued turn has been started."""
    transaction.connection.execute(
        update(turn).where(turn.c.id == turn_id, turn.c.state == "queued").values(state="running")
    )


def list_open_turns(connection: Connection) -> list[TurnRow]:
    """Return all turns that have not ended, by session and number."""
    query = select(turn).where(turn.c.state != "ended").order_by(turn.c.session_id, turn.c.number)
    return [turn_row(found) for found in connection.execute(query)]


def find_turn(connection: Connection, turn_id: str) -> TurnRow | None:
    """Return a turn by its id."""
    found = connection.execute(select(turn).where(turn.c.id == turn_id)).first()
    return None if found is None else turn_row(found)


def find_last_turn(connection: Connection, session_id: str) -> TurnRow | None:
    """Return the session's newest turn."""
    newest_first = select(turn).where(turn.c.session_id == session_id).order_by(turn.c.number.desc())
    found = connection.execute(newest_first.limit(1)).first()
    return None if found is None else turn_row(found)


def turn_row(found: Row[Any]) -> TurnRow:
    """Return the turn of a row that has all columns of the table `turn`, or all but `wishes`."""
    wishes: str | None = getattr(found, "wishes", None)
    return TurnRow(
        id=found.id,
        session_id=found.session_id,
        number=found.number,
        state=found.state,
        reason=found.reason,
        agent=found.agent,
        model=found.model,
        prompt=found.prompt,
        history=found.history,
        limits=found.limits,
        usage=found.usage,
        cost_micro_usd=found.cost_micro_usd,
        key=found.key,
        after_event_id=found.after_event_id,
        last_event_id=found.last_event_id,
        created_at_us=found.created_at_us,
        ended_at_us=found.ended_at_us,
        durable=found.durable,
        only_continues=found.only_continues,
        wall_us=found.wall_us,
        wishes=None if wishes is None else decode_wishes(wishes),
    )
