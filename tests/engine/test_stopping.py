from __future__ import annotations

import asyncio

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.runner import EngineStoppedError
from robocoders.testing.engine_conformance import Scene
from tests.engine.scenes import PATIENCE_SECONDS, Held, Stage, echo, everything, reason_of, text_of


async def test_a_stop_leaves_turns_to_the_next_start(stage: Stage) -> None:
    """Promise: README, serve: a stop ends every stream and no turn; the next start goes on with all of them."""
    held = Held()
    engine = stage.play(held)
    handles = [await stage.submit(prompt, key=prompt) for prompt in "ab"]
    answering = [asyncio.create_task(everything(handle)) for handle in handles]
    await held.wait_for(1)
    await engine.stop(PATIENCE_SECONDS)
    assert [[text_of(event) for event in await task] for task in answering] == [["begun: a"], []]
    assert len(await stage.store.open_turns()) == 2
    stage.play(echo)
    again = [await everything(await stage.submit(prompt, key=prompt)) for prompt in "ab"]
    assert [[text_of(event) for event in answer] for answer in again] == [
        ["begun: a", "You said: a"],
        ["b", "You said: b"],
    ]


async def test_a_stopping_engine_takes_no_prompt(stage: Stage) -> None:
    """Promise: README, serve: a server that stops refuses new prompts."""
    engine = stage.engine
    await stage.session()
    await engine.stop(PATIENCE_SECONDS)
    with pytest.raises(EngineStoppedError):
        await stage.submit()
    await engine.stop(PATIENCE_SECONDS)


async def test_a_stop_waits_for_a_prompt_that_is_being_accepted(stage: Stage) -> None:
    """Promise: README, HTTP: an accepted prompt runs, also when the server is told to stop at that moment."""
    held = Held()
    engine = stage.play(held)
    await stage.start()
    await stage.session()
    submitting = asyncio.create_task(stage.submit(key="k"))
    await asyncio.wait({submitting}, timeout=0)
    while engine.idle_since_us is not None:
        await asyncio.wait({submitting}, timeout=0.001)
    await engine.stop(PATIENCE_SECONDS)
    assert [turn.id for turn in await stage.store.open_turns()] == [(await submitting).turn.id]
    stage.play(echo)
    assert reason_of((await everything(await stage.submit(key="k")))[-1]) == "finished"


async def test_a_stop_lets_a_step_that_is_being_done_finish(stage: Stage) -> None:
    """Promise: README, serve: a stop waits a moment for a command that is running, and begins no other."""
    scene = Scene("step")
    engine = stage.play(scene)
    await stage.submit(key="k")
    await scene.held.wait()
    stopping = asyncio.create_task(engine.stop(PATIENCE_SECONDS))
    await asyncio.wait({stopping}, timeout=0.01)
    scene.go_on.set()
    await stopping
    second = Scene()
    stage.play(second)
    events = await everything(await stage.submit(key="k"))
    assert (scene.done, second.done) == (["Why?"], [])
    assert "some output" in text_of(events[-1]) or reason_of(events[-1]) == "finished"


async def test_a_stop_takes_no_longer_than_its_grace(stage: Stage) -> None:
    """Promise: README, serve: a stop is over in time, whatever an agent does; what is open then goes on later."""
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
    handles = [await stage.submit(prompt, key=prompt) for prompt in "ab"]
    await begun.wait()
    answering = [asyncio.create_task(everything(handle)) for handle in handles]
    async with asyncio.timeout(5):
        await engine.stop(0.01)
        answers = [await task for task in answering]
    released.set()
    assert answers == [[], []]
    assert len(await stage.store.open_turns()) == 2
    assert not engine.busy("session-1")
    stage.play(echo)
    again = [await everything(await stage.submit(prompt, key=prompt)) for prompt in "ab"]
    assert [reason_of(answer[-1]) for answer in again] == ["finished", "finished"]
