"""Sessions as a list shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select

from robocoders.store.rows import SessionSummary, Sums
from robocoders.store.schema import event, session, turn
from robocoders.store.sessions import session_row

__all__ = ["find_summary", "list_sessions"]


def list_sessions(connection: Connection, owner: str, *, limit: int, before_us: int | None) -> list[SessionSummary]:
    """Return the owner's sessions, newest first, without deleted ones.

    Args:
        connection: A reader's connection.
        owner: Whose sessions.
        limit: How many at most.
        before_us: Only those that were made before this time.
    """
    query = _summaries().where(session.c.owner == owner).order_by(session.c.created_at_us.desc()).limit(limit)
    if before_us is not None:
        query = query.where(session.c.created_at_us < before_us)
    return [_summary(found) for found in connection.execute(query)]


def find_summary(connection: Connection, session_id: str) -> SessionSummary | None:
    """Return one session as a list would show it; None where there is none, or it was deleted."""
    found = connection.execute(_summaries().where(session.c.id == session_id)).first()
    return None if found is None else _summary(found)


def _summaries() -> Select[Any]:
    mine = turn.c.session_id == session.c.id
    state = case(
        (exists().where(mine, turn.c.state == "running"), "running"),
        (exists().where(mine, turn.c.state == "queued"), "queued"),
        else_="idle",
    )
    return select(
        session,
        select(func.count()).where(mine).scalar_subquery().label("turns"),
        select(func.coalesce(func.max(event.c.id), 0))
        .where(event.c.session_id == session.c.id)
        .scalar_subquery()
        .label("last_event_id"),
        state.label("state"),
        select(func.max(turn.c.created_at_us)).where(mine).scalar_subquery().label("last_prompt_at_us"),
        *(
            select(func.coalesce(func.sum(column), 0)).where(mine).scalar_subquery().label(f"spent_{column.name}")
            for column in (turn.c.cost_micro_usd, turn.c.tokens, turn.c.wall_us)
        ),
        *_beginning_of_the_answer(),
    ).where(session.c.deleted_at_us.is_(None))


def _beginning_of_the_answer() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Two ids after which the answer to be shown begins; the greater one counts.

    A turn that had to wait was accepted in the middle of another's answer. Its own begins after that one's closing
    message, unless it was itself ended before that.
    """
    shown, before = turn.alias("shown"), turn.alias("before")
    # A running turn, else the one that waits longest, else the newest.
    rank = case((shown.c.state == "running", 0), (shown.c.state == "queued", 1), else_=2)
    within = case((shown.c.state == "ended", -shown.c.number), else_=shown.c.number)
    first = select(shown.c.id).where(shown.c.session_id == session.c.id).order_by(rank, within).limit(1)
    chosen = turn.alias("chosen")
    # Two levels down a table of the outer query is its own unless one says so.
    is_chosen = chosen.c.id == first.correlate(session).scalar_subquery()
    earlier = and_(
        before.c.session_id == chosen.c.session_id,
        before.c.number < chosen.c.number,
        or_(chosen.c.last_event_id.is_(None), before.c.last_event_id < chosen.c.last_event_id),
    )
    closed = select(func.max(before.c.last_event_id)).select_from(chosen.join(before, earlier)).where(is_chosen)
    return (
        select(chosen.c.after_event_id).where(is_chosen).scalar_subquery().label("accepted_after"),
        closed.scalar_subquery().label("closed_before"),
    )


def _summary(found: Row[Any]) -> SessionSummary:
    return SessionSummary(
        session=session_row(found),
        turns=found.turns,
        last_event_id=found.last_event_id,
        state=found.state,
        last_prompt_at_us=found.last_prompt_at_us,
        last_turn_after=None if found.accepted_after is None else max(found.accepted_after, found.closed_before or 0),
        spent=Sums(int(found.spent_cost_micro_usd), int(found.spent_tokens), int(found.spent_wall_us)),
    )
