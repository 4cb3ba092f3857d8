"""Sessions: made once, listed for their owner, deleted for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, exists, func, insert, select, update

from robocoders.store.accounts import ensure_user
from robocoders.store.rows import SessionRow, SessionSummary
from robocoders.store.schema import event, key, session, turn
from robocoders.store.writer import Transaction

__all__ = ["KEY_LIFE_US", "delete_session", "find_session", "find_summary", "get_or_create_session", "list_sessions"]

KEY_LIFE_US = 24 * 3600 * 1_000_000
"""How long idempotency keys outlive their session: a late duplicate of a prompt must still be known as one."""


def get_or_create_session(transaction: Transaction, new: SessionRow) -> SessionRow:
    """Return the session of that id, whoever owns it and deleted or not; where there is none, make it.

    A new one is made some microseconds later than it says where its owner has made another at that very time.
    """
    known = find_session(transaction.connection, new.id)
    if known is not None:
        return known
    ensure_user(transaction, new.owner)
    new = replace(new, created_at_us=_free_moment(transaction.connection, new.owner, new.created_at_us))
    transaction.connection.execute(
        insert(session).values(
            id=new.id,
            owner=new.owner,
            workspace_kind=new.workspace_kind,
            workspace_ref=new.workspace_ref,
            model=new.model,
            limits=new.limits,
            created_at_us=new.created_at_us,
            deleted_at_us=new.deleted_at_us,
        )
    )
    return new


def _free_moment(connection: Connection, owner: str, moment_us: int) -> int:
    """Return the first microsecond from a moment on in which the owner made no session.

    Pages of a list are cut by this time, so that two sessions of one owner must not share it.
    """
    taken = select(session.c.created_at_us).where(session.c.owner == owner, session.c.created_at_us >= moment_us)
    for later_us in connection.scalars(taken.order_by(session.c.created_at_us)):
        if later_us > moment_us:
            break
        moment_us = later_us + 1
    return moment_us


def find_session(connection: Connection, session_id: str) -> SessionRow | None:
    """Return the session, deleted or not."""
    found = connection.execute(select(session).where(session.c.id == session_id)).first()
    return None if found is None else _row(found)


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
    ).where(session.c.deleted_at_us.is_(None))


def delete_session(transaction: Transaction, session_id: str) -> None:
    """Delete a session's prompts and events; what stays is its row, marked, and its turns without their words.

    Open turns end as cancelled. An unknown session is none, a deleted one stays as it is.
    """
    connection, now_us = transaction.connection, transaction.now_us()
    transaction.flush()
    transaction.open_turns.clear()
    transaction.last_ids.pop(session_id, None)
    connection.execute(
        update(session)
        .where(session.c.id == session_id, session.c.deleted_at_us.is_(None))
        .values(deleted_at_us=now_us)
    )
    connection.execute(delete(event).where(event.c.session_id == session_id))
    connection.execute(update(turn).where(turn.c.session_id == session_id).values(prompt="", last_event_id=None))
    connection.execute(
        update(turn)
        .where(turn.c.session_id == session_id, turn.c.state != "ended")
        .values(state="ended", reason="cancelled", ended_at_us=now_us)
    )
    # A good moment to forget the keys of those that were deleted long ago: no other one makes any forgettable.
    old = (
        select(turn.c.id)
        .join(session, session.c.id == turn.c.session_id)
        .where(session.c.deleted_at_us < now_us - KEY_LIFE_US)
    )
    connection.execute(delete(key).where(key.c.turn_id.in_(old)))


def _summary(found: Row[Any]) -> SessionSummary:
    return SessionSummary(
        session=_row(found),
        turns=found.turns,
        last_event_id=found.last_event_id,
        state=found.state,
        last_prompt_at_us=found.last_prompt_at_us,
    )


def _row(found: Row[Any]) -> SessionRow:
    return SessionRow(
        id=found.id,
        owner=found.owner,
        workspace_kind=found.workspace_kind,
        workspace_ref=found.workspace_ref,
        model=found.model,
        limits=found.limits,
        created_at_us=found.created_at_us,
        deleted_at_us=found.deleted_at_us,
    )
