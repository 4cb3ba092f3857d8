from __future__ import annotations

import asyncio

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.runner import EngineStoppedError
from tests.engine.scenes import PATIENCE_SECONDS, Held, Stage, everything, reason_of, text_of


async def test_a_stop_tells_the_running_turns(stage: Stage) -> None:
    """Promise: README, serve: at a graceful stop running turns end with reason `error` and say why."""
    held = Held()
    engine = stage.play(held)
    handles = [await stage.submit(prompt) for prompt in "ab"]
    answering = [asyncio.create_task(everything(handle)) for handle in handles]
    await held.wait_for(1)
    await engine.stop(PATIENCE_SECONDS)
    answers = [await task for task in answering]
    assert [reason_of(answer[-1]) for answer in answers] == ["error", "error"]
    assert "The server stopped" in text_of(answers[0][-1])
    assert await stage.store.open_turns() == []


async def test_a_stopping_engine_takes_no_prompt(stage: Stage) -> None:
    """Promise: README, serve: a server that stops refuses new prompts."""
    engine = stage.engine
    await stage.session()
    await engine.stop(PATIENCE_SECONDS)
    with pytest.raises(EngineStoppedError):
        await stage.submit()
    await engine.stop(PATIENCE_SECONDS)


async def test_a_stop_waits_for_a_prompt_that_is_being_accepted(stage: Stage) -> None:
    """Promise: README, HTTP: an accepted prompt ends with a closing message."""
    held = Held()
    engine = stage.play(held)
    await stage.session()
    submitting = asyncio.create_task(stage.submit())
    await asyncio.wait({submitting}, timeout=0)
    while engine.idle_since_us is not None:
        await asyncio.wait({submitting}, timeout=0.001)
    await engine.stop(PATIENCE_SECONDS)
    assert await stage.store.open_turns() == []
    assert reason_of((await everything(await submitting))[-1]) == "error"


async def test_a_stop_takes_no_longer_than_its_grace(stage: Stage) -> None:
    """Promise: README, serve: a stop is over in time; what is open then is closed at the next start."""
    begun, released = asyncio.Event(), asyncio.Event()

    async def stubborn(_: TurnInput, __: Emit) -> Outcome:
        begun.set()
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        raise asyncio.CancelledError

    engine = stage.play(stubborn)
    handles = [await stage.submit(prompt) for prompt in "ab"]
    await begun.wait()
    answering = [asyncio.create_task(everything(handle)) for handle in handles]
    async with asyncio.timeout(5):
        await engine.stop(0.01)
        answers = [await task for task in answering]
    released.set()
    assert answers == [[], []]
    assert len(await stage.store.open_turns()) == 2
    assert not engine.busy("session-1")
    again = stage.play(stubborn)
    await again.start()
    assert [reason_of((await everything(handle))[-1]) for handle in handles] == ["error", "error"]
