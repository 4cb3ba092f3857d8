from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.events import RunObservation
from robocoders.store import BegunStep, Place, Store, TurnRow
from tests.store.scenes import Clock, looking_into, open_turn, saying, url_of, whole_log

Played = tuple[str, int]
"""`say` so many events, or carry out a `step` whose live text has so many pieces."""

_turns = st.lists(st.tuples(st.sampled_from(("say", "step")), st.integers(1, 3)), min_size=1, max_size=8)
_stops = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(1, 3)), max_size=5)


class _StoppedError(Exception):
    """The turn was cut off here."""


class _Player:
    """Plays a turn as an engine would, up to a number of calls of the store.

    Args:
        store: The store.
        turn: The turn.
        calls: After how many calls it is cut off.
        times: How often each call is sent, at the same time.
    """

    def __init__(self, store: Store, turn: TurnRow, calls: int, times: int) -> None:
        self._store, self._turn = store, turn
        self._calls, self._times = calls, times
        self.carried_out: list[int] = []

    async def play(self, script: list[Played]) -> None:
        said = 0
        steps = 0
        for what, size in script:
            if what == "say":
                events = [saying(f"say {said + part}") for part in range(size)]
                place = Place(0, said)
                self._count()
                copies = (self._store.append(self._turn, events, place=place) for _ in range(self._times))
                first, *others = await asyncio.gather(*copies)
                assert all(other == first for other in others)
                said += size
            else:
                steps += 1
                await self._step(steps, size)

    async def _step(self, number: int, pieces: int) -> None:
        begun = await self._begin(number)
        if begun.state == "finished":
            assert begun.result == f"result {number}".encode()
            return
        if begun.state == "new":
            self.carried_out.append(number)
            for piece in range(pieces):
                self._count()
                written = await self._store.write_live_text(self._turn, str(piece))
                assert (written.event_id, written.offset) == (begun.action.id + 1, piece)
        self._count()
        observation = RunObservation(content="done", cause=begun.action.id)
        result = f"result {number}".encode()
        copies = (self._store.finish_step(self._turn, number, observation, result) for _ in range(self._times))
        first, *others = await asyncio.gather(*copies)
        assert all(other == first for other in others)

    async def _begin(self, number: int) -> BegunStep:
        self._count()
        copies = (
            self._store.begin_step(self._turn, number, fingerprint=f"step {number}", action=saying(f"step {number}"))
            for _ in range(self._times)
        )
        first, *others = await asyncio.gather(*copies)
        assert all(other.action == first.action for other in others)
        return first

    def _count(self) -> None:
        if self._calls == 0:
            raise _StoppedError
        self._calls -= 1


def _expected(script: list[Played]) -> list[tuple[int, str, int | None]]:
    log: list[tuple[int, str, int | None]] = []
    said = 0
    steps = 0
    for what, size in script:
        if what == "say":
            log += [(len(log) + 1 + part, f"say {said + part}", None) for part in range(size)]
            said += size
        else:
            steps += 1
            log += [(len(log) + 1, f"step {steps}", None), (len(log) + 2, "done", len(log) + 1)]
    return log


@settings(max_examples=15, deadline=None)
@given(script=_turns, stops=_stops)
def test_a_turn_cut_off_anywhere_and_played_again_leaves_the_same_log(
    script: list[Played], stops: list[tuple[int, bool, int]]
) -> None:
    """Promise: ARCHITECTURE, durable turns: any interleaving of crashes and repeats gives the same log."""

    async def scene(database: Path) -> None:
        store = await Store.open(url_of(database), now_us=Clock())
        turn = await open_turn(store)
        carried_out: list[int] = []
        for calls, restarted, times in [*stops, (1000, True, 2)]:
            player = _Player(store, turn, calls, times)
            with contextlib.suppress(_StoppedError):
                await player.play(script)
            carried_out += player.carried_out
            if restarted:
                await store.close()
                store = await Store.open(url_of(database), now_us=Clock())
        bodies = [json.loads(event.body) for event in await whole_log(store)]
        assert [(body["id"], body.get("content", body["message"]), body.get("cause")) for body in bodies] == _expected(
            script
        )
        # A step is new to one player only: nobody carries it out a second time.
        assert carried_out == list(range(1, 1 + sum(what == "step" for what, _ in script)))
        await store.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scene(Path(directory) / "robocoders.db"))


async def test_a_place_is_looked_up_in_its_index(store: Store) -> None:
    """Promise: ARCHITECTURE, store: what a place costs does not grow with the log."""
    greatest = "SELECT max(n) FROM event WHERE turn_id = 't' AND step = 3"
    of_step = "SELECT body FROM event WHERE turn_id = 't' AND step = 3 AND n >= 1"
    for query in (greatest, of_step):
        with looking_into(store.path) as connection:
            plan = " ".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
        assert "INDEX event_place (turn_id=? AND step=?" in plan


async def test_the_database_itself_keeps_two_events_from_one_place(store: Store) -> None:
    """Promise: ARCHITECTURE, store: two processes that play one turn cannot put two events into one place."""
    turn = await open_turn(store)
    await store.append(turn, [saying("mine")], place=Place(0, 0))
    other = await Store.open(url_of(store.path))
    await other.append(turn, [saying("theirs")], place=Place(0, 0))
    await other.close()
    with looking_into(store.path) as connection:
        [(_, _, unique, _, partial)] = [
            row for row in connection.exec_driver_sql("PRAGMA index_list(event)") if row[1] == "event_place"
        ]
    assert (unique, partial) == (1, 1)
    assert len(await whole_log(store)) == 1
