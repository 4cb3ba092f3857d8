from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest, ModelResponse, TextPart, UserPromptPart

from robocoders.agents.running import Emit, Exchange, Outcome, TurnInput, run_turn
from robocoders.agents.transcript import MOST_BYTES, Transcript, with_exchanges
from robocoders.testing.recalling_model import RecallingModel, Script, Step, ToolCall
from robocoders.testing.slow_append import slow_append_tool
from tests.engine.scenes import PATIENCE_SECONDS, Stage, reason_of
from tests.store.scenes import looking_into


class Listening(RecallingModel):
    """A model that keeps what it was told."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.heard: list[str] = []

    def _step(self, messages: Any) -> Step:
        # Only what was said: the instructions are the same always.
        self.heard.append("\n".join(str(part) for message in messages for part in message.parts))
        return super()._step(messages)


def _answer(prompt: str, number: int) -> Step | str:
    return f"The answer to {prompt}." if number else Step(calls=[ToolCall("list", {"thought": f"for {prompt}"})])


async def test_a_model_remembers_its_calls_and_their_results(stage: Stage) -> None:
    """Promise: README, sessions: the next prompt goes on with all that model and tools have said, not only answers."""
    model = Listening(_answer)
    stage.play(run_turn, resolve_model=lambda _: model)
    for prompt in ("first", "second"):
        await stage.ask(prompt)
    assert "for first" in model.heard[2]
    assert "The answer to first." in model.heard[2]
    assert model.heard[2].count("tool_name='list'") >= 2


async def test_messages_outlive_a_restart(stage: Stage) -> None:
    """Promise: README, sessions: `ask --session` goes on with the history, whatever server answers."""
    stage.play(run_turn, resolve_model=lambda _: Listening(_answer))
    await stage.ask("first")
    model = Listening(_answer)
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.ask("second")
    assert "for first" in model.heard[0]


async def test_a_prompt_with_its_own_history_begins_with_no_messages(stage: Stage) -> None:
    """Promise: README, HTTP: with `history: in_prompt` nothing is said twice, in the turns after it either."""
    model = Listening(_answer)
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.ask("first")
    await stage.ask("second", history="in_prompt")
    await stage.ask("third")
    assert all("first" not in heard for heard in model.heard[2:])
    assert "for second" in model.heard[4]


async def test_a_cancelled_turn_leaves_messages_that_a_model_takes(stage: Stage, tmp_path: Path) -> None:
    """Promise: README, sessions: after a cancelled turn the session goes on, and the model knows what was begun."""
    paused = asyncio.Event()

    async def pause() -> None:
        paused.set()
        await asyncio.Event().wait()

    def script(prompt: str, number: int) -> Step | str:
        if prompt == "second" or number > 1:
            return "Done."
        tool = ToolCall("slow_append", {"file": "f", "line": "text"}) if number else ToolCall("list", {"thought": "so"})
        return Step(calls=[tool, ToolCall("list", {"thought": "never done"})] if number else [tool])

    model = Listening(script)
    tools = (slow_append_tool(tmp_path / "effects", pause=pause),)
    stage.play(functools.partial(run_turn, tools=tools), resolve_model=lambda _: model)
    await stage.submit("first")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await paused.wait()
        await stage.engine.cancel("session-1")
    assert reason_of((await stage.ask("second"))[-1]) == "finished"
    heard = model.heard[-1]
    assert "thought': 'so'" in heard
    assert heard.count("stopped before this had a result") == 2
    assert heard.index("never done") < heard.index("stopped before") < heard.index("second")


async def test_a_failed_turn_leaves_messages_that_a_model_takes(stage: Stage) -> None:
    """Promise: README, faults: after an error of the model the session goes on, and forgets nothing that was done."""
    error = ModelHTTPError(status_code=400, model_name="recalling")

    def script(prompt: str, number: int) -> Step | str:
        if prompt == "second":
            return "Done."
        return Step(error=error) if number else Step(calls=[ToolCall("list", {"thought": "so"})])

    model = Listening(script)
    stage.play(run_turn, resolve_model=lambda _: model)
    assert reason_of((await stage.ask("first"))[-1]) == "error"
    assert reason_of((await stage.ask("second"))[-1]) == "finished"
    assert "thought': 'so'" in model.heard[-1]
    assert model.heard[-1].count("ToolReturnPart(") >= 1


async def test_turns_of_an_older_version_are_heard_as_prompts_and_answers(stage: Stage) -> None:
    """Promise: README, upgrades: a session of an older version goes on with what was said in it."""
    model = Listening(_answer)
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.ask("first")
    with looking_into(stage.store.path) as connection:
        connection.exec_driver_sql("DELETE FROM history")
    await stage.ask("second")
    assert "for first" not in model.heard[2]
    assert "The answer to first." in model.heard[2]
    assert model.heard[2].index("first") < model.heard[2].index("second")


async def test_turns_that_left_no_messages_are_heard_as_prompts_and_answers(stage: Stage) -> None:
    """Promise: ours: a turn that never came to its model is not left out; one that did not run at all is."""
    heard: list[bytes | None] = []

    async def agent(turn: TurnInput, _: Emit) -> Outcome:
        heard.append(turn.messages)
        said = [ModelRequest(parts=[UserPromptPart(turn.prompt)]), ModelResponse(parts=[TextPart("Yes.")])]
        messages = ModelMessagesTypeAdapter.dump_json(said) if turn.prompt == "a" else None
        return Outcome(reason="finished", text=f"On {turn.prompt}.", messages=messages)

    stage.play(agent)
    for prompt, plain in (("a", False), ("b", False), ("continue", True), ("c", False)):
        await stage.ask(prompt, plain=plain)
    assert heard[0] is None
    assert heard[-1] is not None
    said = [
        part.content
        for message in ModelMessagesTypeAdapter.validate_json(heard[-1])
        for part in message.parts
        if isinstance(part, UserPromptPart | TextPart)
    ]
    assert said == ["a", "Yes.", "b", "On b."]


async def test_deleting_a_session_deletes_its_messages(stage: Stage) -> None:
    """Promise: SECURITY: what was said in a deleted session is nowhere any more."""
    stage.play(run_turn, resolve_model=lambda _: Listening(_answer))
    await stage.ask("first")
    assert await stage.store.model_history("session-1") is not None
    await stage.engine.delete_session("session-1")
    with looking_into(stage.store.path) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM history").scalar_one() == 0


def test_messages_that_json_cannot_carry_are_left_out() -> None:
    """Promise: ours: half a character from a model costs its messages, not the session."""
    transcript = Transcript()
    assert transcript.settled() is None
    transcript.follow(lambda: [ModelRequest(parts=[UserPromptPart("x")]), ModelResponse(parts=[TextPart("\ud800")])])
    kept = transcript.settled()
    assert kept is None or ModelMessagesTypeAdapter.validate_json(kept)


def test_exchanges_come_after_the_messages() -> None:
    """Promise: ours: what cannot be read is no conversation, and is not made one by adding to it."""
    assert with_exchanges(b"[]", []) == b"[]"
    assert with_exchanges(b'[{"kind": "unheard of"}]', [Exchange("a", "b")]) is None
    both = with_exchanges(b"[]", [Exchange("a", "b")])
    assert both is not None
    assert [message.kind for message in ModelMessagesTypeAdapter.validate_json(both)] == ["request", "response"]


async def test_messages_that_cannot_be_read_any_more_give_way_to_prompts_and_answers(stage: Stage) -> None:
    """Promise: README, upgrades: another version of the model library costs a session nothing but details."""
    model = Listening(_answer)
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.ask("first")
    with looking_into(stage.store.path) as connection:
        connection.exec_driver_sql("UPDATE history SET messages = ?", (b'[{"kind": "unheard of"}]',))
    assert reason_of((await stage.ask("second"))[-1]) == "finished"
    assert "The answer to first." in model.heard[2]


def test_what_is_kept_of_a_session_is_bounded() -> None:
    """Promise: ours: memory stays bounded; the oldest turns are left out first, and no turn is cut apart."""
    turns = [
        (ModelRequest(parts=[UserPromptPart(f"{name}{'x' * (MOST_BYTES // 3)}")]), ModelResponse(parts=[TextPart("y")]))
        for name in "abcd"
    ]
    transcript = Transcript()
    transcript.follow(lambda: [message for turn in turns for message in turn])
    kept = ModelMessagesTypeAdapter.validate_json(transcript.settled() or b"")
    prompts = [part.content for message in kept for part in message.parts if isinstance(part, UserPromptPart)]
    assert [str(prompt)[0] for prompt in prompts] == ["c", "d"]
    huge = ModelRequest(parts=[UserPromptPart("z" * (MOST_BYTES + 1))])
    transcript.follow(lambda: [*turns[0], huge])
    assert len(ModelMessagesTypeAdapter.validate_json(transcript.settled() or b"")) == 1


@pytest.mark.parametrize("prompt", ["continue", "Go on."])
async def test_a_continued_turn_is_part_of_the_conversation(stage: Stage, prompt: str) -> None:
    """Promise: README, budgets: what is done after a `continue` is remembered as everything else."""
    model = Listening(lambda _, number: Step(calls=[ToolCall("list", {"thought": f"number {number}"})]))
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.session(limits={"iterations": 1})
    for said in ("first", prompt, "third"):
        await stage.ask(said, plain=True)
    assert model.heard[2].count("number 0") == 2
