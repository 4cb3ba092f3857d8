from __future__ import annotations

import asyncio
import time

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.errors import StoreError
from robocoders.wire.protocol import Reason
from tests.engine.scenes import PATIENCE_SECONDS, Held, Stage, everything, reason_of, text_of
from tests.store.scenes import saying


async def test_cancelling_ends_what_runs_and_what_waits_within_a_second(stage: Stage) -> None:
    """Promise: README, HTTP: `cancel` stops the run; running and waiting prompts end as `cancelled`."""
    held = Held()
    stage.play(held)
    handles = [await stage.submit(prompt) for prompt in "abc"]
    await held.wait_for(1)
    begun = time.monotonic()
    assert await stage.engine.cancel("session-1")
    assert time.monotonic() - begun < 1
    assert held.ended == ["a"]
    answers = [await everything(handle) for handle in handles]
    assert [reason_of(answer[-1]) for answer in answers] == ["cancelled"] * 3
    assert [len(answer) for answer in answers] == [2, 1, 1]
    assert not stage.engine.busy("session-1")


async def test_cancelling_an_idle_session_cancels_nothing(stage: Stage) -> None:
    """Promise: README, HTTP: `cancel` says whether there was anything to cancel."""
    await stage.session()
    assert not await stage.engine.cancel("session-1")
    assert not await stage.engine.cancel("session-2")


async def test_a_prompt_after_cancelling_runs(stage: Stage) -> None:
    """Promise: README, HTTP: a cancelled session is as good as before."""
    held = Held()
    stage.play(held)
    await stage.submit("a")
    await held.wait_for(1)
    await asyncio.gather(*(stage.engine.cancel("session-1") for _ in range(3)))
    held.release()
    assert reason_of((await stage.ask("b"))[-1]) == "finished"


async def test_an_agent_that_will_not_stop_is_left_behind(stage: Stage) -> None:
    """Promise: README, HTTP: cancelling takes less than a second, whatever the agent does; nothing follows."""
    begun, released = asyncio.Event(), asyncio.Event()
    later: list[str] = []
    finished = asyncio.Event()

    async def stubborn(_: TurnInput, emit: Emit) -> Outcome:
        begun.set()
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        try:
            await emit(saying("too late"))
        except StoreError as error:
            later.append(error.message)
        finished.set()
        raise LookupError("nobody hears this")

    stage.play(stubborn)
    handle = await stage.submit()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await begun.wait()
        started = time.monotonic()
        assert await stage.engine.cancel("session-1")
        assert time.monotonic() - started < 1
        released.set()
        await finished.wait()
    assert later == ["the turn was stopped"]
    assert [reason_of(event) for event in await everything(handle)] == ["cancelled"]


async def test_an_agent_may_tidy_up_but_its_last_words_are_not_kept(stage: Stage) -> None:
    """Promise: README, HTTP: a cancelled turn ends as cancelled, whatever the agent makes of it."""
    begun = asyncio.Event()

    async def tidy(_: TurnInput, __: Emit) -> Outcome:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Outcome(reason=Reason.FINISHED, text="I am done anyway.")
        return Outcome(reason=Reason.ERROR, text="never")

    stage.play(tidy)
    handle = await stage.submit()
    await begun.wait()
    await stage.engine.cancel("session-1")
    assert [reason_of(event) for event in await everything(handle)] == ["cancelled"]


async def test_an_event_that_is_being_committed_is_seen_all_the_same(stage: Stage) -> None:
    """Promise: README, HTTP: what is in the log reaches every reader, and the closing message comes last."""
    begun = asyncio.Event()

    async def chatter(_: TurnInput, emit: Emit) -> Outcome:
        begun.set()
        while True:
            await emit(saying("more"))

    stage.play(chatter)
    handle = await stage.submit()
    answering = asyncio.create_task(everything(handle))
    await begun.wait()
    await stage.engine.cancel("session-1")
    events = await answering
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert text_of(events[-1]) == "Cancelled."
    assert events == await stage.store.events("session-1")
