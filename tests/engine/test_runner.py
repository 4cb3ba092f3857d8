from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.runner import PromptSpec, SessionBusyError, TurnHandle
from robocoders.errors import ConfigurationError, WorkspaceError
from robocoders.events import MessageAction, MessageArgs, RecallAction, RecallArgs, RecallObservation
from robocoders.store import KeyReusedError, SessionGoneError, StoredEvent
from robocoders.wire.protocol import Reason
from tests.engine.scenes import PATIENCE_SECONDS, Held, Stage, echo, everything, first, reason_of, text_of
from tests.store.scenes import saying


async def test_an_answer_is_the_agents_events_and_one_closing_message(stage: Stage) -> None:
    """Promise: README, HTTP: every turn ends with exactly one waiting message that says why."""
    events = await stage.ask("Why?")
    assert [event.id for event in events] == [1, 2]
    assert [event.closes_turn for event in events] == [False, True]
    said = json.loads(events[-1].body)
    assert (said["action"], said["message"], said["source"]) == ("message", "You said: Why?", "agent")
    assert said["args"] == {"content": "You said: Why?", "wait_for_response": True, "extras": {"reason": "finished"}}


async def test_an_event_is_committed_before_anybody_sees_it(stage: Stage) -> None:
    """Promise: README, HTTP: an event is committed to the log before anybody sees it."""

    async def chatter(_: TurnInput, emit: Emit) -> Outcome:
        for number in range(50):
            assert await emit(saying(str(number))) == number + 1
        return Outcome(reason=Reason.FINISHED, text="")

    stage.play(chatter)
    seen = 0
    async for event in (await stage.submit()).events():
        seen += 1
        assert isinstance(event, StoredEvent)
        assert await stage.store.last_event_id("session-1") >= event.id
    assert seen == 51


async def test_an_observation_names_the_action_it_belongs_to(stage: Stage) -> None:
    """Protocol fact: `cause` is the id of the causing action."""

    async def search(_: TurnInput, emit: Emit) -> Outcome:
        action = await emit(RecallAction(args=RecallArgs(query="x")))
        await emit(RecallObservation(content="found", cause=action))
        return Outcome(reason=Reason.FINISHED, text="")

    stage.play(search)
    events = await stage.ask()
    assert [(event.visibility, event.cause) for event in events] == [
        ("action", None),
        ("observation", events[0].id),
        ("action", None),
    ]


async def test_the_turn_records_what_it_cost(stage: Stage) -> None:
    """Promise: ARCHITECTURE, store: a turn records its reason, its usage and its cost."""

    async def spend(_: TurnInput, __: Emit) -> Outcome:
        usage = {"input_tokens": 5}
        return Outcome(reason=Reason.QUESTION, text="Which?", extras={"n": 1}, usage=usage, cost_micro_usd=42)

    stage.play(spend)
    handle = await stage.submit()
    events = await everything(handle)
    told = {"reason": "question", "usage": {"input_tokens": 5}, "cost_micro_usd": 42, "n": 1}
    assert json.loads(events[0].body)["args"]["extras"] == told
    turn = await stage.store.turn(handle.turn.id)
    assert turn is not None
    assert (turn.state, turn.reason, turn.usage, turn.cost_micro_usd) == ("ended", "question", {"input_tokens": 5}, 42)


async def test_a_session_runs_one_turn_at_a_time_in_order(stage: Stage) -> None:
    """Promise: README, HTTP: a second prompt on a busy session waits its turn."""
    running: list[str] = []
    order: list[str] = []

    async def alone(turn: TurnInput, emit: Emit) -> Outcome:
        running.append(turn.prompt)
        assert len(running) == 1
        await emit(saying(turn.prompt))
        order.append(running.pop())
        return Outcome(reason=Reason.FINISHED, text=turn.prompt)

    stage.play(alone)
    answers = await asyncio.gather(*(stage.ask(str(number)) for number in range(20)))
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert [text_of(answer[-1]) for answer in answers] == [str(number) for number in range(20)]
    log = [event async for event in stage.engine.follow("session-1", 0, live=False) if isinstance(event, StoredEvent)]
    assert [event.id for event in log] == list(range(1, 41))
    assert [text_of(event) for event in log[::2]] == order


async def test_prompts_wait_first_come_first_served(stage: Stage) -> None:
    """Promise: README, HTTP: first come, first served."""
    held = Held()
    stage.play(held)
    handles = [await stage.submit(prompt) for prompt in "abcde"]
    await held.wait_for(1)
    states = [turn.state for turn in await stage.store.open_turns()]
    assert states == ["running", "queued", "queued", "queued", "queued"]
    held.release()
    for handle in handles:
        await everything(handle)
    assert held.begun == list("abcde")


async def test_different_sessions_run_side_by_side(stage: Stage) -> None:
    """Promise: README, serve: one session never waits for another."""
    held = Held()
    stage.play(held)
    handles = [await stage.submit(session_id=f"session-{number}") for number in range(8)]
    await held.wait_for(8)
    held.release()
    for handle in handles:
        assert reason_of((await everything(handle))[-1]) == "finished"


async def test_a_reader_who_goes_away_stops_nothing(stage: Stage) -> None:
    """Promise: README, HTTP: a client that goes away does not stop the run."""
    held = Held()
    stage.play(held)
    handle = await stage.submit(key="k")
    async with aclosing(stage.engine.follow("session-1", 0, live=True)) as events:
        await first(events)
    held.release()
    events = await stage.ask(key="k")
    assert [text_of(event) for event in events] == ["begun: Why?", "released: Why?"]
    assert events == await everything(handle)


async def test_a_caller_cancelled_while_submitting_leaves_a_turn_that_runs(stage: Stage) -> None:
    """Promise: README, HTTP: an accepted prompt runs once, whoever still listens."""
    session = await stage.session()
    spec = PromptSpec(prompt="Why?", agent="RepoAgent", key="k")
    submitting = asyncio.create_task(stage.engine.submit(session, spec))
    await asyncio.wait({submitting}, timeout=0)
    submitting.cancel()
    await asyncio.gather(submitting, return_exceptions=True)
    assert submitting.cancelled()
    handle = await stage.submit(key="k")
    assert handle.existing
    assert [text_of(event) for event in await everything(handle)] == ["Why?", "You said: Why?"]


async def test_a_hundred_prompts_with_one_key_run_once(stage: Stage) -> None:
    """Promise: README, HTTP: the same key and body attaches to the running answer."""
    held = Held()
    stage.play(held)
    handles = await asyncio.gather(*(stage.submit(key="k") for _ in range(100)))
    assert sum(not handle.existing for handle in handles) == 1
    await held.wait_for(1)
    held.release()
    answers = await asyncio.gather(*(everything(handle) for handle in handles))
    assert held.begun == ["Why?"]
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == 2


async def test_a_finished_answer_is_replayed_byte_for_byte(stage: Stage) -> None:
    """Promise: README, HTTP: the same key and body replays the finished answer."""
    answer = await stage.ask(key="k")
    await stage.ask("And then?")
    again = await stage.submit(key="k")
    assert again.existing
    assert await everything(again) == answer
    with pytest.raises(KeyReusedError):
        await stage.submit(key="k", body_hash="another")


async def test_a_busy_session_can_refuse(stage: Stage) -> None:
    """Promise: README, HTTP: `if_busy=refuse` answers 409, unless the key is that of the running turn."""
    held = Held()
    stage.play(held)
    running = await stage.submit(key="k")
    await held.wait_for(1)
    with pytest.raises(SessionBusyError):
        await stage.submit(if_busy_refuse=True)
    assert (await stage.submit(key="k", if_busy_refuse=True)).turn.id == running.turn.id
    held.release()
    await everything(running)
    assert (await stage.ask(if_busy_refuse=True))[-1].closes_turn


async def test_an_engine_knows_whether_it_is_busy(stage: Stage) -> None:
    """Promise: README, serve: `--idle-exit` counts from the end of the last turn."""
    held = Held()
    engine = stage.play(held)
    before = engine.idle_since_us
    assert before is not None
    handle = await stage.submit()
    assert engine.idle_since_us is None
    assert (engine.busy("session-1"), engine.busy("session-2")) == (True, False)
    held.release()
    await everything(handle)
    # The closing message is out a moment before the session is free.
    assert not await engine.cancel("session-1")
    assert not engine.busy("session-1")
    after = engine.idle_since_us
    assert after is not None
    assert after > before


async def test_a_session_has_a_model_of_its_own_or_the_servers(stage: Stage) -> None:
    """Promise: README, model: a session's own model, else the server's."""
    models: list[object] = []

    async def note(turn: TurnInput, _: Emit) -> Outcome:
        models.append(turn.model)
        return Outcome(reason=Reason.FINISHED, text="")

    stage.play(note, resolve_model=lambda name: f"resolved {name}")
    await stage.session("session-2", model="openai:some")
    await stage.ask()
    await stage.ask(session_id="session-2")
    stage.play(note)
    await stage.ask()
    assert models == ["resolved offline", "resolved openai:some", "offline"]


async def test_our_own_error_is_told_to_the_user(stage: Stage) -> None:
    """Promise: README, faults: what stands in the way is said, with what to do, and the reason is `error`."""

    def refuse(name: str) -> None:
        raise ConfigurationError(f"{name!r} is no model: choose another")

    stage.play(echo, resolve_model=refuse)
    events = await stage.ask()
    assert (text_of(events[-1]), reason_of(events[-1])) == ("'offline' is no model: choose another", "error")


async def test_a_foreign_error_ends_the_turn_without_telling_its_text(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: SECURITY: neither a message nor a log holds what an unexpected error says; it may be a key."""

    async def fail(_: TurnInput, emit: Emit) -> Outcome:
        await emit(saying("so far"))
        raise LookupError("sk-secret")

    stage.play(fail)
    with caplog.at_level(logging.DEBUG):
        events = await stage.ask()
    assert [event.id for event in events] == [1, 2]
    assert reason_of(events[-1]) == "error"
    assert "LookupError" in text_of(events[-1])
    assert "LookupError at " in caplog.text
    assert "sk-secret" not in caplog.text + text_of(events[-1])
    assert (await stage.ask())[-1].closes_turn


async def test_an_agent_that_gives_up_by_itself_ends_its_turn(stage: Stage) -> None:
    """Promise: README, HTTP: whatever an agent does, its turn ends with a closing message."""

    async def give_up(_: TurnInput, __: Emit) -> Outcome:
        raise asyncio.CancelledError

    stage.play(give_up)
    assert reason_of((await stage.ask())[-1]) == "error"


async def test_an_answer_that_json_cannot_carry_ends_as_an_error(stage: Stage) -> None:
    """Promise: README, HTTP: whatever an agent does, its turn ends with a closing message."""

    async def overflow(_: TurnInput, __: Emit) -> Outcome:
        return Outcome(reason=Reason.FINISHED, text="", extras={"score": float("nan")})

    stage.play(overflow)
    assert reason_of((await stage.ask())[-1]) == "error"


async def test_an_event_that_json_cannot_carry_is_the_agents_error(stage: Stage) -> None:
    """Promise: ours: what cannot be committed is seen by nobody, and the agent hears of it."""
    heard: list[str] = []

    async def overflow(_: TurnInput, emit: Emit) -> Outcome:
        try:
            await emit(MessageAction(args=MessageArgs(extras={"score": float("nan")})))
        except ValueError as error:
            heard.append(type(error).__name__)
        return Outcome(reason=Reason.FINISHED, text="anyway")

    stage.play(overflow)
    events = await stage.ask()
    assert ([event.id for event in events], heard) == ([1], ["ValueError"])


async def test_a_session_that_is_gone_takes_no_prompt(stage: Stage) -> None:
    """Promise: README, sessions: a deleted session is not made again."""
    session = await stage.session()
    await stage.engine.delete_session(session.id)
    with pytest.raises(SessionGoneError):
        await stage.submit()


async def test_deleting_a_session_lets_its_readers_go(stage: Stage) -> None:
    """Promise: README, sessions: deleting cancels what runs; nobody is left hanging."""
    held = Held()
    engine = stage.play(held)
    handle = await stage.submit()
    await held.wait_for(1)

    async def read_all() -> list[StoredEvent]:
        return [event async for event in engine.follow("session-1", 0, live=True) if isinstance(event, StoredEvent)]

    reading = asyncio.create_task(read_all())
    answering = asyncio.create_task(everything(handle))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not answering.done() and engine.busy("session-1"):
            await engine.delete_session("session-1")
        await reading
        await answering
    assert await stage.store.last_event_id("session-1") == 0
    assert await everything(handle) == []


async def test_a_session_deleted_under_a_running_turn_ends_its_readers(stage: Stage) -> None:
    """Promise: ours: whoever deletes the session in the store alone leaves no reader hanging either."""
    held = Held()
    stage.play(held)
    handle = await stage.submit()
    await held.wait_for(1)
    answering = asyncio.create_task(everything(handle))
    await stage.store.delete_session("session-1")
    held.release()
    await answering
    assert not await stage.engine.cancel("session-1")


async def test_a_turn_that_somebody_else_has_ended_is_left_as_it_is(stage: Stage) -> None:
    """Promise: README, HTTP: every turn ends with exactly one closing message."""
    held = Held()
    stage.play(held)
    handle = await stage.submit()
    await held.wait_for(1)
    await stage.store.end_turn(handle.turn, MessageAction(message="From outside."), reason="error")
    held.release()
    assert not await stage.engine.cancel("session-2")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stage.engine.cancel("session-1")
    assert [text_of(event) for event in await everything(handle)] == ["begun: Why?", "From outside."]


def test_a_prompt_is_in_no_repr() -> None:
    """Promise: SECURITY: no prompt in a log or an error."""
    assert "secret" not in repr(PromptSpec(prompt="secret", agent="RepoAgent"))
    assert "_follow" not in repr(TurnHandle.__dataclass_fields__["turn"])


async def test_a_workspace_error_is_told(stage: Stage) -> None:
    """Promise: README, faults: a workspace that is missing is said."""

    async def lost(_: TurnInput, __: Emit) -> Outcome:
        raise WorkspaceError("the workspace is gone: make another session")

    stage.play(lost)
    assert text_of((await stage.ask())[-1]) == "the workspace is gone: make another session"
