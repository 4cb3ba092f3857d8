"""Sessions: made once, listed for their owner, deleted for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from robocoders.store.accounts import ensure_user
from robocoders.store.keys import find_key, forget_keys, let_keys_expire, remember_key
from robocoders.store.rows import CancelBound, Keyed, SessionRow, SessionSummary
from robocoders.store.schema import event, live_text, session, step, turn
from robocoders.store.writer import Transaction

__all__ = [
    "bind_cancel",
    "delete_session",
    "find_cancel_bound",
    "find_session",
    "find_summary",
    "get_or_create_session",
    "list_sessions",
    "session_once",
]


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


def session_once(transaction: Transaction, new: SessionRow, keyed: Keyed) -> SessionRow:
    """Return the session that the key has made or found before; where the key is new, make or find this one.

    Raises:
        KeyReusedError: The key was used with another request.
    """
    known = find_key(transaction.connection, keyed)
    before = (
        None if known is None or known.session_id is None else find_session(transaction.connection, known.session_id)
    )
    if before is not None:
        return before
    made = get_or_create_session(transaction, new)
    if known is None:
        remember_key(transaction, keyed, session_id=made.id)
    return made


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
    is_chosen = chosen.c.id == first.scalar_subquery()
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


def find_cancel_bound(connection: Connection, session_id: str) -> CancelBound:
    """Return which turns are open now."""
    is_open = turn.c.session_id == session_id, turn.c.state != "ended"
    up_to = connection.execute(select(func.max(turn.c.number)).where(*is_open)).scalar_one() or 0
    return CancelBound(up_to=up_to, any_open=up_to > 0)


def bind_cancel(transaction: Transaction, session_id: str, keyed: Keyed) -> CancelBound:
    """Return which turns the request with this key means: those that were open when it came first.

    Raises:
        KeyReusedError: The key was used with another request.
    """
    known = find_key(transaction.connection, keyed)
    if known is not None:
        up_to = int(known.answer or 0)
        return CancelBound(up_to=up_to, any_open=up_to > 0)
    bound = find_cancel_bound(transaction.connection, session_id)
    remember_key(transaction, keyed, session_id=session_id, answer=str(bound.up_to))
    return bound


def delete_session(transaction: Transaction, session_id: str, keyed: Keyed | None) -> None:
    """Delete a session's prompts, events and steps; what stays is its row, marked, and its turns without their words.

    Open turns end as cancelled. An unknown session is none, a deleted one stays as it is. A key that was given for
    this before does nothing.

    Raises:
        KeyReusedError: The key was used with another request.
    """
    connection, now_us = transaction.connection, transaction.now_us()
    if keyed is not None and find_key(connection, keyed) is not None:
        return
    transaction.flush()
    transaction.open_turns.clear()
    transaction.placed.clear()
    transaction.last_ids.pop(session_id, None)
    connection.execute(
        update(session)
        .where(session.c.id == session_id, session.c.deleted_at_us.is_(None))
        .values(deleted_at_us=now_us)
    )
    of_session = select(turn.c.id).where(turn.c.session_id == session_id)
    connection.execute(delete(live_text).where(live_text.c.session_id == session_id))
    connection.execute(delete(step).where(step.c.turn_id.in_(of_session)))
    connection.execute(delete(event).where(event.c.session_id == session_id))
    connection.execute(update(turn).where(turn.c.session_id == session_id).values(prompt="", last_event_id=None))
    connection.execute(
        update(turn)
        .where(turn.c.session_id == session_id, turn.c.state != "ended")
        .values(state="ended", reason="cancelled", ended_at_us=now_us)
    )
    let_keys_expire(transaction, session_id)
    if keyed is not None:
        remember_key(transaction, keyed, session_id=session_id)
    # A good moment: keys become forgettable by such requests alone.
    forget_keys(transaction)


def _summary(found: Row[Any]) -> SessionSummary:
    return SessionSummary(
        session=_row(found),
        turns=found.turns,
        last_event_id=found.last_event_id,
        state=found.state,
        last_prompt_at_us=found.last_prompt_at_us,
        last_turn_after=None if found.accepted_after is None else max(found.accepted_after, found.closed_before or 0),
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
