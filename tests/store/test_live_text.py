from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from robocoders.errors import StoreError
from robocoders.store import LiveReset, LiveText, Place, Store, TurnRow
from robocoders.store.live_text import write_live_text
from robocoders.store.opening import prepare_database
from robocoders.store.writer import Transaction
from tests.store.scenes import Clock, end, looking_into, open_turn, saying, url_of

_SESSIONS = ("session-1", "session-2")
Call = tuple[str, str, str]
"""A session, what is done in it, and a text."""

_calls = st.tuples(
    st.sampled_from(_SESSIONS),
    st.sampled_from(("write", "write", "write", "withdraw", "append", "append again")),
    st.text(max_size=5),
)
_together = st.lists(st.lists(_calls, min_size=1, max_size=6), max_size=10)


@dataclass
class _Expected:
    """What a session's live text must be."""

    session_id: str
    turn_id: str
    last_id: int = 0
    row: LiveText | None = None
    places: list[int] = field(default_factory=list[int])

    def write(self, text: str) -> LiveText:
        before = self.row or LiveText(self.session_id, self.turn_id, self.last_id + 1, 0, 0, "")
        piece = LiveText(self.session_id, self.turn_id, before.event_id, before.generation, len(before.text), text)
        self.row = LiveText(self.session_id, self.turn_id, before.event_id, before.generation, 0, before.text + text)
        return piece

    def withdraw(self) -> LiveReset | None:
        if self.row is None or not self.row.text:
            return None
        generation = self.row.generation + 1
        self.row = LiveText(self.session_id, self.turn_id, self.row.event_id, generation, 0, "")
        return LiveReset(self.session_id, self.row.event_id, generation)

    def append(self) -> int:
        self.last_id += 1
        self.places.append(self.last_id)
        self.row = None
        return self.last_id


async def _carry_out(store: Store, turn: TurnRow, what: str, text: str, place: int) -> object:
    if what == "write":
        return await store.write_live_text(turn, text)
    if what == "withdraw":
        return await store.withdraw_live_text(turn)
    [stored] = await store.append(turn, [saying(text)], place=Place(0, place))
    return stored.id


def _expect(expected: _Expected, what: str, text: str) -> tuple[object, int]:
    """Return what a call must return, and the place that it is to use."""
    if what == "write":
        return expected.write(text), 0
    if what == "withdraw":
        return expected.withdraw(), 0
    if what == "append again" and expected.places:
        # An event that is in the log already takes no live text away: it is not the one that was announced.
        return expected.places[-1], len(expected.places) - 1
    return expected.append(), len(expected.places) - 1


def test_any_interleaving_of_live_text_and_events_is_as_if_one_came_after_the_other(database: Path) -> None:
    """Promise: README, live text: offsets have no gap, and the text is gone when its event is in the log."""
    numbers = itertools.count()

    async def play(store: Store, together: list[list[Call]]) -> None:
        names = {name: f"{name}-{next(numbers)}" for name in _SESSIONS}
        turns = {name: await open_turn(store, session_id) for name, session_id in names.items()}
        expected = {name: _Expected(names[name], turn.id) for name, turn in turns.items()}
        for calls in together:
            wanted = [_expect(expected[name], what, text) for name, what, text in calls]
            results = await asyncio.gather(
                *(
                    _carry_out(store, turns[name], what, text, place)
                    for (name, what, text), (_, place) in zip(calls, wanted, strict=True)
                )
            )
            assert results == [result for result, _ in wanted]
            for name, session_id in names.items():
                assert await store.live_text(session_id) == expected[name].row

    with asyncio.Runner() as runner:
        store = runner.run(Store.open(url_of(database), now_us=Clock()))

        @settings(max_examples=40, deadline=None)
        @given(together=_together)
        def try_it(together: list[list[Call]]) -> None:
            runner.run(play(store, together))

        try:
            try_it()
        finally:
            runner.run(store.close())


def test_a_piece_costs_one_update_of_a_row(database: Path) -> None:
    """Promise: ARCHITECTURE, store: showing text as it comes costs an update a piece, and nothing that grows."""
    statements: list[str] = []

    async def prepare() -> TurnRow:
        store = await Store.open(url_of(database))
        turn = await open_turn(store)
        await store.write_live_text(turn, "first")
        await store.close()
        return turn

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    turn = asyncio.run(prepare())
    with looking_into(database) as connection:
        event.listen(connection, "before_cursor_execute", note)
        write_live_text(Transaction(connection, Clock()), turn, "second")
    assert [statement.split()[0] for statement in statements] == ["UPDATE"]


async def test_a_text_may_hold_any_character(store: Store) -> None:
    """Promise: README, live text: offsets count characters, a command's stray NUL included."""
    turn = await open_turn(store)
    pieces = [await store.write_live_text(turn, text) for text in ("a\0b", "\u00e9\U0001f40d", "", "end")]
    assert [piece.offset for piece in pieces] == [0, 3, 5, 5]
    whole = await store.live_text("session-1")
    assert whole is not None
    assert whole.text == "a\0b\u00e9\U0001f40dend"
    with pytest.raises(StoreError, match="not valid Unicode"):
        await store.write_live_text(turn, "\ud800")


async def test_live_text_is_no_part_of_what_is_shown_of_a_row(store: Store) -> None:
    """Promise: SECURITY: no prompt or answer in a repr, and so in no log."""
    turn = await open_turn(store)
    assert "secret" not in repr(await store.write_live_text(turn, "a secret"))
    begun = await store.begin_step(turn, 1, fingerprint="f", action=saying("x"))
    await store.write_live_text(turn, "a secret")
    assert "secret" not in repr(begun)
    assert "secret" not in repr(await store.begin_step(turn, 1, fingerprint="f", action=saying("x")))


async def test_a_turn_that_ends_while_another_speaks_takes_the_announced_id(store: Store) -> None:
    """Promise: README, live text: the id that was announced is given to one event, and the text begins anew."""
    speaking, waiting = await open_turn(store), await open_turn(store)
    await store.write_live_text(speaking, "It is in ")
    assert (await end(store, waiting, "Cancelled.")).id == 1
    assert await store.live_text("session-1") is None
    piece = await store.write_live_text(speaking, "parser.py")
    assert (piece.event_id, piece.generation, piece.offset) == (2, 0, 0)


async def test_live_text_of_a_turn_that_speaks_no_more_gives_way(database: Path) -> None:
    """Promise: ours: a row that a failing disk left behind is never mixed with another turn's words."""
    database.parent.mkdir()
    prepare_database(database)
    store = await Store.open(url_of(database))
    first, second = await open_turn(store), await open_turn(store)
    await store.write_live_text(first, "old")
    piece = await store.write_live_text(second, "new")
    assert (piece.turn_id, piece.offset) == (second.id, 0)
    whole = await store.live_text("session-1")
    assert whole is not None
    assert (whole.turn_id, whole.text) == (second.id, "new")
    await store.close()
