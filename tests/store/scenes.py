"""What the tests of the store and of the engine begin with: a clock, sessions, turns, events."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.events import MessageAction, MessageArgs
from robocoders.store import NewTurn, SessionRow, Spending, Store, StoredEvent, TurnRow
from robocoders.store.connections import make_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECOND_US = 1_000_000


class Clock:
    """A clock that moves by one microsecond whenever it is read, and by hand."""

    def __init__(self) -> None:
        self._moments = itertools.count(1_700_000_000 * SECOND_US)
        self._ahead_us = 0

    def __call__(self) -> int:
        return next(self._moments) + self._ahead_us

    def advance(self, seconds: float) -> None:
        self._ahead_us += int(seconds * SECOND_US)


def url_of(database: Path) -> str:
    return f"sqlite:///{database}"


def session_row(session_id: str = "session-1", *, owner: str = "ada", created_at_us: int = 1) -> SessionRow:
    return SessionRow(
        id=session_id,
        owner=owner,
        workspace_kind="private",
        workspace_ref=None,
        model=None,
        limits={},
        created_at_us=created_at_us,
    )


def new_turn(
    session_id: str = "session-1",
    *,
    owner: str = "ada",
    prompt: str = "Why?",
    key: str | None = None,
    body_hash: str = "hash",
    refuse_if_busy: bool = False,
) -> NewTurn:
    return NewTurn(
        session_id=session_id,
        owner=owner,
        agent="RepoAgent",
        model="offline",
        prompt=prompt,
        limits={"iterations": 3},
        key=key,
        body_hash=body_hash,
        refuse_if_busy=refuse_if_busy,
    )


def saying(text: str) -> MessageAction:
    return MessageAction(message=text, args=MessageArgs(content=text))


def closing(text: str = "Done.", reason: str = "finished") -> MessageAction:
    return MessageAction(
        message=text, args=MessageArgs(content=text, wait_for_response=True, extras={"reason": reason})
    )


async def open_turn(store: Store, session_id: str = "session-1", *, owner: str = "ada") -> TurnRow:
    await store.get_or_create_session(session_row(session_id, owner=owner))
    return (await store.begin_turn(new_turn(session_id, owner=owner))).turn


async def end(store: Store, turn: TurnRow, text: str = "Done.") -> StoredEvent:
    spending = Spending({"requests": 2}, cost_micro_usd=7)
    return await store.end_turn(turn, closing(text), reason="finished", spending=spending)


async def whole_log(store: Store, session_id: str = "session-1", *, limit: int = 1000) -> list[StoredEvent]:
    events: list[StoredEvent] = []
    while page := await store.events(session_id, after=events[-1].id if events else 0, limit=limit):
        events.extend(page)
    return events


def text_of(event: StoredEvent) -> str:
    return str(json.loads(event.body)["message"])


@contextmanager
def looking_into(database: Path) -> Generator[Connection, None, None]:
    """A connection of the test's own, as another program would have it."""
    engine = make_engine(database, "writer", connections=1)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
