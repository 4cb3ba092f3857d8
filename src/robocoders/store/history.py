"""What a session's model and its user have said to each other, as the model takes it: one row a session."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from robocoders.store.rows import ModelHistory
from robocoders.store.schema import history
from robocoders.store.writer import Transaction

__all__ = ["find_history", "keep_history"]


def keep_history(transaction: Transaction, session_id: str, messages: bytes, *, after_turn: int) -> None:
    """Keep the messages after a turn, in the place of those after an earlier one."""
    connection = transaction.connection
    connection.execute(delete(history).where(history.c.session_id == session_id))
    connection.execute(insert(history).values(session_id=session_id, after_turn=after_turn, messages=messages))


def find_history(connection: Connection, session_id: str) -> ModelHistory | None:
    """Return the messages of a session; None where there are none."""
    found = connection.execute(select(history).where(history.c.session_id == session_id)).first()
    return None if found is None else ModelHistory(messages=found.messages, after_turn=found.after_turn)
