"""Sessions: made once, cancelled as they were when one asked, deleted for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from robocoders.store.accounts import ensure_user
from robocoders.store.errors import KeyReusedError
from robocoders.store.keys import find_key, forget_keys, let_keys_expire, remember_key
from robocoders.store.rows import CancelBound, Keyed, SessionRow
from robocoders.store.schema import event, history, live_text, response, session, step, turn, withdrawn
from robocoders.store.writer import Transaction

__all__ = [
    "bind_cancel",
    "delete_session",
    "find_cancel_bound",
    "find_session",
    "get_or_create_session",
    "session_once",
    "session_row",
    "set_limits",
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
            network=new.network,
        )
    )
    return new


def session_once(transaction: Transaction, new: SessionRow, keyed: Keyed) -> SessionRow:
    """Return the session that the key has made or found before; where the key is new, make or find this one.

    Raises:
        KeyReusedError: The key was used with another request.
    """
    known = find_key(transaction.connection, keyed)
    if known is None:
        made = get_or_create_session(transaction, new)
        remember_key(transaction, keyed, session_id=made.id)
        return made
    before = find_session(transaction.connection, known.session_id or "")
    if before is None:
        raise KeyReusedError("this idempotency key was used for something else than a session: give each its own")
    return before


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
    return None if found is None else session_row(found)


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
    """Delete all that was said in a session; what stays is its row, marked, and its turns without their words.

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
    for table in (history, response, withdrawn):
        connection.execute(delete(table).where(table.c.session_id == session_id))
    connection.execute(delete(step).where(step.c.turn_id.in_(of_session)))
    connection.execute(delete(event).where(event.c.session_id == session_id))
    wordless = {"prompt": "", "wishes": None, "last_event_id": None}
    connection.execute(update(turn).where(turn.c.session_id == session_id).values(wordless))
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


def set_limits(transaction: Transaction, session_id: str, limits: dict[str, Any]) -> None:
    """Give a session other limits; they hold for prompts that come after this."""
    transaction.connection.execute(update(session).where(session.c.id == session_id).values(limits=limits))


def session_row(found: Row[Any]) -> SessionRow:
    """Return the session of a row that has all columns of the table `session`."""
    return SessionRow(
        id=found.id,
        owner=found.owner,
        workspace_kind=found.workspace_kind,
        workspace_ref=found.workspace_ref,
        model=found.model,
        limits=found.limits,
        created_at_us=found.created_at_us,
        deleted_at_us=found.deleted_at_us,
        network=found.network,
    )
