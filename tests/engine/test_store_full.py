from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.errors import StoreFullError
from robocoders.store import Store, TurnRow
from robocoders.store.reserve import RESERVE_BYTES
from tests.engine.scenes import Held, Stage, everything, ids_of, reason_of, text_of
from tests.store.scenes import Clock, end, open_turn, saying, url_of


@pytest.fixture
async def small_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = Clock()
    url = url_of(tmp_path / "data" / "robocoders.db")
    store = await Store.open(url, now_us=clock, limit_bytes=4 * RESERVE_BYTES)
    stage = Stage(store, clock, tmp_path / "data")
    yield stage
    await stage.leave()
    await store.close()


async def _chatter(_: TurnInput, emit: Emit) -> Outcome:
    while True:
        await emit(saying("x" * 50_000))


async def _append_forever(store: Store, turn: TurnRow, size: int) -> None:
    while True:
        await store.append(turn, [saying("x" * size)])


async def _close_all(store: Store, turns: list[TurnRow], size: int) -> None:
    while turns:
        await end(store, turns[-1], "x" * size)
        turns.pop()


async def _fill(store: Store, turns: list[TurnRow]) -> None:
    """Append until nothing fits, then close turns with what is kept back until not even a page is left of it."""
    for size in (100_000, 1000):
        with pytest.raises(StoreFullError):
            await _append_forever(store, turns[0], size)
    for size in (100_000, 5000, 10):
        with pytest.raises(StoreFullError):
            await _close_all(store, turns, size)


async def test_a_full_store_ends_the_turn_with_an_event_of_the_log(small_stage: Stage) -> None:
    """Promise: README, faults: at a full disk the turn ends with an error that reaches the caller."""
    small_stage.play(_chatter)
    events = await small_stage.ask()
    assert events[-1].id == len(events) > 20
    assert reason_of(events[-1]) == "error"
    assert "no space is left" in text_of(events[-1])
    assert [event.id for event in events] == list(range(1, len(events) + 1))


async def test_a_closing_message_without_room_goes_to_the_readers_without_an_id(
    small_stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: README, faults: nothing is numbered that is not in the log, yet the caller hears of the end."""
    store = small_stage.store
    held = Held(answer="x" * 100_000)
    small_stage.play(held)
    # Started first: what is open at a start is taken up.
    engine = await small_stage.start()
    fillers = [await open_turn(store, f"filler-{number}") for number in range(60)]
    handle = await small_stage.submit("A", key="k")
    answering = asyncio.create_task(everything(handle))
    await held.wait_for(1)
    await _fill(store, fillers)
    with caplog.at_level(logging.ERROR):
        held.release()
        events = await answering
    assert "no space is left" in caplog.text
    assert [(event.id, event.closes_turn) for event in events] == [(1, False), (0, True)]
    assert reason_of(events[-1]) == "error"
    assert "could not be kept" in text_of(events[-1])
    assert list(json.loads(events[-1].body)) == ["timestamp", "source", "message", "action", "args", "sid"]
    assert await ids_of(engine.follow("session-1", 0, live=False)) == [1]
    # Whoever attaches later hears it too.
    assert await everything(handle) == events

    # Once there is room it is committed, before anything new is.
    for number in (0, 58, 59):
        await engine.delete_session(f"filler-{number}")
    await small_stage.ask("B", "session-2")
    assert [event.id for event in await everything(handle)] == [1, 2]


async def test_what_was_never_committed_and_is_deleted_is_forgotten(small_stage: Stage) -> None:
    """Promise: README, sessions: deleting a session deletes what could not be written, too."""
    store = small_stage.store
    held = Held(answer="x" * 100_000)
    small_stage.play(held)
    # Started first: what is open at a start is taken up.
    engine = await small_stage.start()
    fillers = [await open_turn(store, f"filler-{number}") for number in range(60)]
    handles = [await small_stage.submit("A"), await small_stage.submit("A", "session-2")]
    await held.wait_for(2)
    await _fill(store, fillers)
    held.release()
    for handle in handles:
        assert (await everything(handle))[-1].id == 0
    with pytest.raises(StoreFullError):
        await small_stage.submit("B" * 50_000, "session-2")
    await engine.delete_session("session-1")
    for number in (0, 58, 59):
        await engine.delete_session(f"filler-{number}")
    await small_stage.ask("C", "session-3")
    assert await everything(handles[0]) == []
    assert [event.id for event in await everything(handles[1])] == [1, 2]


async def test_an_answer_that_does_not_fit_ends_as_an_error_of_the_log(small_stage: Stage) -> None:
    """Promise: README, faults: what a caller is shown is what the log says, before and after the next start."""
    held = Held(answer="x" * (4 * RESERVE_BYTES))
    small_stage.play(held)
    handle = await small_stage.submit("A")
    answering = asyncio.create_task(everything(handle))
    await held.wait_for(1)
    held.release()
    events = await answering
    assert [(event.id, reason_of(event)) for event in events[-1:]] == [(2, "error")]
    assert "could not be kept" in text_of(events[-1])
    assert len(events[-1].body) < 2000
