"""Users, the tokens they were given, and settings."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update

from robocoders.store.rows import TokenRow
from robocoders.store.schema import setting, token, user
from robocoders.store.writer import Transaction

__all__ = ["add_token", "ensure_user", "find_setting", "find_token", "get_or_create_setting", "revoke_token"]


def ensure_user(transaction: Transaction, user_id: str, name: str | None = None) -> None:
    """Make the user where there is none; a name that is given replaces the one before."""
    known = transaction.connection.execute(select(user.c.name).where(user.c.id == user_id)).first()
    if known is None:
        transaction.connection.execute(insert(user).values(id=user_id, name=name or ""))
    elif name is not None and known.name != name:
        transaction.connection.execute(update(user).where(user.c.id == user_id).values(name=name))


def add_token(transaction: Transaction, jti: str, user_id: str, user_name: str, expires_at_us: int) -> None:
    """Record a token that is being handed out."""
    ensure_user(transaction, user_id, user_name)
    transaction.connection.execute(insert(token).values(jti=jti, user_id=user_id, expires_at_us=expires_at_us))


def find_token(connection: Connection, jti: str) -> TokenRow | None:
    """Return what is known of a token."""
    found = connection.execute(select(token).where(token.c.jti == jti)).first()
    if found is None:
        return None
    return TokenRow(
        jti=found.jti,
        user_id=found.user_id,
        expires_at_us=found.expires_at_us,
        revoked_at_us=found.revoked_at_us,
    )


def revoke_token(transaction: Transaction, jti: str) -> None:
    """Revoke a token; one that is unknown or revoked already stays as it is."""
    transaction.connection.execute(
        update(token)
        .where(token.c.jti == jti, token.c.revoked_at_us.is_(None))
        .values(revoked_at_us=transaction.now_us())
    )


def find_setting(connection: Connection, name: str) -> str | None:
    """Return the setting's value, None where it has none."""
    return connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()


def get_or_create_setting(transaction: Transaction, name: str, make: Callable[[], str]) -> str:
    """Return the setting's value; where it has none, `make` gives it one."""
    value = find_setting(transaction.connection, name)
    if value is None:
        value = make()
        transaction.connection.execute(insert(setting).values(name=name, value=value))
    return value
