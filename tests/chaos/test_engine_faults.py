from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.agents.steps import Live, StepResult
from robocoders.engine.hub import Item
from robocoders.events import RunAction, RunArgs, RunObservation
from robocoders.store import LiveText, Store, StoredEvent
from robocoders.store.reserve import RESERVE_BYTES
from tests.engine.scenes import Held, Stage, everything, reason_of, text_of
from tests.store.scenes import Clock, saying, url_of, whole_log

_BOUND_SECONDS = 60
_HOUR_SECONDS = 3600.0


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = Clock()
    store = await Store.open(url_of(tmp_path / "data" / "robocoders.db"), now_us=clock)
    stage = Stage(store, clock, tmp_path / "data")
    yield stage
    await stage.leave()
    await store.close()


@pytest.fixture
async def small_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage whose disk is nearly full."""
    clock = Clock()
    url = url_of(tmp_path / "data" / "robocoders.db")
    store = await Store.open(url, now_us=clock, limit_bytes=4 * RESERVE_BYTES)
    stage = Stage(store, clock, tmp_path / "data")
    yield stage
    await stage.leave()
    await store.close()


async def test_a_clock_that_is_set_back_changes_neither_order_nor_end(stage: Stage) -> None:
    """Promise: README, durability: the order of a log is that of its ids, whatever the clock says."""
    held = Held()
    engine = stage.play(held)
    first = await stage.submit("Before", key="one")
    await held.wait_for(1)
    stage.clock.advance(-_HOUR_SECONDS)
    waiting = await stage.submit("After", key="two")
    again = await stage.submit("Before", key="one")
    held.release()
    told = [*await everything(first), *await everything(waiting)]
    assert again.existing
    assert again.turn.id == first.turn.id
    assert [event.id for event in told] == [1, 2, 3, 4]
    assert told[2].created_at_us < told[0].created_at_us
    assert [event async for event in engine.follow("session-1", 0, live=False)] == told
    assert [reason_of(event) for event in (told[1], told[3])] == ["finished", "finished"]
    assert engine.idle_since_us is not None
    listed = await stage.store.sessions("ada")
    assert [(one.turns, one.last_event_id, one.state) for one in listed] == [(2, 4, "idle")]


async def _work_until_full(turn: TurnInput, emit: Emit) -> Outcome:
    """Says something and appends something in turns, with live text, for as long as there is room."""
    number = 0
    while True:
        number += 1
        await emit(saying("x" * 20_000))
        command = f"step {number}"

        async def work(_action_id: int, live: Live, command: str = command) -> StepResult:
            await live.write("y" * 20_000)
            await live.flush()
            return StepResult(observation=RunObservation(message=command, content="y" * 20_000), text=command)

        assert turn.steps is not None
        await turn.steps.run("run", {"number": number}, RunAction(args=RunArgs(command=command)), work)


async def _items(items: AsyncGenerator[Item]) -> list[Item]:
    found: list[Item] = []
    async for item in items:
        found.append(item)
        if isinstance(item, StoredEvent) and item.closes_turn:
            break
    return found


async def test_a_disk_that_fills_up_ends_the_turn_in_words_and_loses_nothing(small_stage: Stage) -> None:
    """Promise: docs/service.md, limits: at a full disk a turn ends with `error`, and what was told stays in the log."""
    engine = small_stage.play(_work_until_full)
    async with asyncio.timeout(_BOUND_SECONDS):
        handle = await small_stage.submit("Fill", "session-1")
        follower = engine.follow("session-1", 0, live=True, deltas=True)
        async with aclosing(follower):
            followed = await _items(follower)
        told = await everything(handle)
    log = await whole_log(small_stage.store)
    assert [event for event in followed if isinstance(event, StoredEvent)] == told == log
    assert any(isinstance(item, LiveText) for item in followed)
    assert reason_of(log[-1]) == "error"
    assert "no space is left" in text_of(log[-1])

    async def greet(_: TurnInput, emit: Emit) -> Outcome:
        await emit(saying("There is room again"))
        return Outcome(reason="finished", text="Hello.")

    await engine.delete_session("session-1")
    small_stage.play(greet)
    async with asyncio.timeout(_BOUND_SECONDS):
        after = await small_stage.ask("Hello", "session-2")
    assert [event.id for event in after] == [1, 2]
