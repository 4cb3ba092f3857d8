"""Idempotency keys: what a request was given a key for is recorded in the transaction that carries it out."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from robocoders.store.accounts import ensure_user
from robocoders.store.errors import KeyReusedError
from robocoders.store.rows import Keyed, KnownKey
from robocoders.store.schema import key, session
from robocoders.store.writer import Transaction

__all__ = ["KEY_LIFE_US", "find_key", "forget_keys", "let_keys_expire", "remember_key"]

KEY_LIFE_US = 24 * 3600 * 1_000_000
"""How long idempotency keys outlive their session: a late duplicate of a prompt must still be known as one."""


def find_key(connection: Connection, keyed: Keyed) -> KnownKey | None:
    """Return what the key was used for; None where it is new.

    Raises:
        KeyReusedError: It was used with another request.
    """
    known = connection.execute(select(key).where(key.c.owner == keyed.owner, key.c.key == keyed.key)).first()
    if known is None:
        return None
    if known.body_hash != keyed.body_hash:
        raise KeyReusedError("this idempotency key was used with another request: give a new request a new key")
    return KnownKey(turn_id=known.turn_id, session_id=known.session_id, answer=known.answer)


def remember_key(
    transaction: Transaction, keyed: Keyed, *, session_id: str, turn_id: str | None = None, answer: str | None = None
) -> None:
    """Record what a new key is used for. It stays as long as its session, and at least a day.

    Args:
        transaction: The transaction, in which the session is as the request leaves it.
        keyed: The key.
        session_id: The session that the request is about, whether there is one of that id or not.
        turn_id: The turn that it begins.
        answer: What is answered, where neither of them tells it.
    """
    connection, now_us = transaction.connection, transaction.now_us()
    ensure_user(transaction, keyed.owner)
    lives = select(session.c.id).where(session.c.id == session_id, session.c.deleted_at_us.is_(None))
    connection.execute(
        insert(key).values(
            owner=keyed.owner,
            key=keyed.key,
            body_hash=keyed.body_hash,
            turn_id=turn_id,
            session_id=session_id,
            answer=answer,
            created_at_us=now_us,
            expires_at_us=None if connection.execute(lives).first() is not None else now_us + KEY_LIFE_US,
        )
    )


def let_keys_expire(transaction: Transaction, session_id: str) -> None:
    """Begin the last day of the keys of a session that is being deleted."""
    transaction.connection.execute(
        update(key)
        .where(key.c.session_id == session_id, key.c.expires_at_us.is_(None))
        .values(expires_at_us=transaction.now_us() + KEY_LIFE_US)
    )


def forget_keys(transaction: Transaction) -> None:
    """Forget the keys whose last day is over."""
    transaction.connection.execute(delete(key).where(key.c.expires_at_us < transaction.now_us()))
