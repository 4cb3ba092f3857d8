"""Segments of turns under names of their own: found again by whoever made them, gone with their session."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from robocoders.store.errors import SessionGoneError
from robocoders.store.rows import ResponseRow
from robocoders.store.schema import response, session
from robocoders.store.writer import Transaction

__all__ = ["add_response", "delete_response", "find_last_response", "find_response"]


def add_response(transaction: Transaction, new: ResponseRow) -> ResponseRow:
    """Add a response, or return the one that its segment of its turn has already, deleted or not.

    Raises:
        SessionGoneError: The session was deleted.
    """
    connection = transaction.connection
    of_segment = response.c.turn_id == new.turn_id, response.c.after_event_id == new.after_event_id
    known = connection.execute(select(response).where(*of_segment)).first()
    if known is not None:
        return _response_row(known)
    lives = select(session.c.id).where(session.c.id == new.session_id, session.c.deleted_at_us.is_(None))
    if connection.execute(lives).first() is None:
        raise SessionGoneError("the session was deleted", session_id=new.session_id)
    connection.execute(insert(response).values({column.name: getattr(new, column.name) for column in response.c}))
    return new


def find_response(connection: Connection, owner: str, response_id: str) -> ResponseRow | None:
    """Return an owner's response; None where there is none, or it was deleted."""
    mine = response.c.id == response_id, response.c.owner == owner, response.c.deleted_at_us.is_(None)
    found = connection.execute(select(response).where(*mine)).first()
    return None if found is None else _response_row(found)


def delete_response(transaction: Transaction, owner: str, response_id: str) -> bool:
    """Delete an owner's response, of which its name stays taken; return whether there was one."""
    mine = response.c.id == response_id, response.c.owner == owner, response.c.deleted_at_us.is_(None)
    gone = update(response).where(*mine).values(deleted_at_us=transaction.now_us(), request={}, previous_id=None)
    return transaction.connection.execute(gone).rowcount > 0


def find_last_response(connection: Connection, session_id: str) -> ResponseRow | None:
    """Return the newest response of a session that was not deleted."""
    newest_first = (
        select(response)
        .where(response.c.session_id == session_id, response.c.deleted_at_us.is_(None))
        .order_by(response.c.created_at_us.desc(), response.c.after_event_id.desc())
    )
    found = connection.execute(newest_first.limit(1)).first()
    return None if found is None else _response_row(found)


def _response_row(found: Row[Any]) -> ResponseRow:
    return ResponseRow(**{column.name: getattr(found, column.name) for column in response.c})
