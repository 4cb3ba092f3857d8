"""What turns have used up: kept with each turn while it is worked on, summed for its session and its user."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, exists, func, or_, select, update

from robocoders.store.rows import Ledger, Spending, Sums
from robocoders.store.schema import session, turn
from robocoders.store.writer import Transaction

__all__ = [
    "find_ledger",
    "record_spending",
    "spending_values",
    "sum_of_session",
    "sum_of_user",
    "tokens_of",
    "used_before",
]

_SUMS = tuple(
    func.coalesce(func.sum(column), 0).label(column.name)
    for column in (turn.c.cost_micro_usd, turn.c.tokens, turn.c.wall_us)
)


def record_spending(transaction: Transaction, turn_id: str, spending: Spending) -> None:
    """Keep what an open turn has used up so far; of one that has ended nothing changes."""
    transaction.connection.execute(
        update(turn).where(turn.c.id == turn_id, turn.c.state != "ended").values(spending_values(spending))
    )


def spending_values(spending: Spending) -> dict[str, Any]:
    """Return the columns of a turn that say what it used up."""
    return {
        "usage": spending.usage,
        "cost_micro_usd": spending.cost_micro_usd,
        "tokens": tokens_of(spending.usage),
        "wall_us": spending.wall_us,
        "last_tokens": spending.last.tokens,
        "last_cost_micro_usd": spending.last.cost_micro_usd,
    }


def tokens_of(usage: dict[str, int]) -> int:
    """Return the tokens of a turn's usage, in and out."""
    return usage.get("input_tokens", 0) + usage.get("output_tokens", 0)


def sum_of_session(connection: Connection, session_id: str) -> Sums:
    """Return what all turns of a session have used up."""
    return _sum(connection, turn.c.session_id == session_id)


def sum_of_user(connection: Connection, owner: str) -> Sums:
    """Return what all turns of a user have used up, in all sessions, deleted ones included."""
    return _sum(connection, _of_user(owner))


def find_ledger(connection: Connection, turn_id: str, session_id: str, owner: str) -> Ledger:
    """Return what others than this turn have used up, and what the last request in its session did before it."""
    other = turn.c.id != turn_id
    query = (
        select(turn.c.last_cost_micro_usd, turn.c.last_tokens)
        .where(turn.c.session_id == session_id, other, or_(turn.c.last_cost_micro_usd > 0, turn.c.last_tokens > 0))
        .order_by(turn.c.number.desc())
    )
    last = connection.execute(query.limit(1)).first()
    return Ledger(
        session=_sum(connection, turn.c.session_id == session_id, other),
        user=_sum(connection, _of_user(owner), other),
        last=Sums() if last is None else Sums(last.last_cost_micro_usd, last.last_tokens),
    )


def used_before(connection: Connection, session_id: str, name: str, *, before_number: int) -> bool:
    """Return whether the usage of an earlier turn of the session has an entry of that name."""
    named = cast(turn.c.usage, String).contains(f'"{name}"', autoescape=True)
    query = select(exists().where(turn.c.session_id == session_id, turn.c.number < before_number, named))
    return bool(connection.execute(query).scalar_one())


def _of_user(owner: str) -> ColumnElement[bool]:
    return turn.c.session_id.in_(select(session.c.id).where(session.c.owner == owner))


def _sum(connection: Connection, *which: ColumnElement[bool]) -> Sums:
    found = connection.execute(select(*_SUMS).where(*which)).one()
    return Sums(int(found.cost_micro_usd), int(found.tokens), int(found.wall_us))
