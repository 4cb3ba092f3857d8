"""That live text was shown and did not become an event: on record, so that whoever counted it counts the same again."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from robocoders.store.rows import TurnRow, Withdrawn
from robocoders.store.schema import live_text, withdrawn
from robocoders.store.writer import Transaction

__all__ = ["list_withdrawn", "record_withdrawal", "withdraw_contradicted"]


def record_withdrawal(transaction: Transaction, session_id: str, what: Withdrawn) -> None:
    """Keep that text was withdrawn."""
    transaction.connection.execute(
        insert(withdrawn).values(
            session_id=session_id, event_id=what.event_id, generation=what.generation, characters=what.characters
        )
    )


def withdraw_contradicted(transaction: Transaction, turn: TurnRow, told: str | None) -> None:
    """Keep that the live text of a turn's next event is withdrawn where that event says something else.

    An agent withdraws its own text before it says something else; who ends its turn from outside does not.

    Args:
        transaction: The transaction, before the event is added.
        turn: The turn.
        told: What the event says; None where it is no answer, so that whatever was begun of one is withdrawn.
    """
    transaction.silence(turn.session_id)
    of_turn = live_text.c.session_id == turn.session_id, live_text.c.turn_id == turn.id, live_text.c.length > 0
    said = transaction.connection.execute(select(live_text).where(*of_turn)).first()
    if said is not None and (told is None or not told.startswith(said.text)):
        record_withdrawal(transaction, turn.session_id, Withdrawn(said.event_id, said.generation, said.length))


def list_withdrawn(connection: Connection, session_id: str, *, after: int, up_to: int | None) -> list[Withdrawn]:
    """Return what was withdrawn of events with ids in a range, in the order in which it was shown.

    Args:
        connection: A reader's connection.
        session_id: The session.
        after: Only of events with greater ids.
        up_to: Only of events up to this id; None for all.
    """
    query = select(withdrawn).where(withdrawn.c.session_id == session_id, withdrawn.c.event_id > after)
    if up_to is not None:
        query = query.where(withdrawn.c.event_id <= up_to)
    ordered = query.order_by(withdrawn.c.event_id, withdrawn.c.generation)
    return [Withdrawn(found.event_id, found.generation, found.characters) for found in connection.execute(ordered)]
