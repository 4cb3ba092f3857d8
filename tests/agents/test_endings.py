from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse

from robocoders.agents.repetition import MOST_FAILURES
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.agents.plain_seal import PlainSeal
from tests.agents.turns import FILES, Desk, Screen, write_files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk whose commands run in the workspace, without a seal around them."""
    return Desk(tmp_path, seal=PlainSeal(write_files(tmp_path / "workspace", FILES)))


async def test_a_question_ends_the_turn(desk: Desk) -> None:
    """Promise: README, agents: a question is the turn's last event, and its reason is `question`."""
    outcome = await desk.turn("x", ScriptedModel([Step(calls=[ToolCall("ask_user", {"question": " Which one? "})])]))
    assert (outcome.reason, outcome.text, desk.events) == ("question", "Which one?", [])


async def test_finishing_ends_the_turn_with_the_answer(desk: Desk) -> None:
    """Promise: README, agents: `finish` ends with `finished`; what was said beside it is an event before it."""
    outcome = await desk.turn("x", ScriptedModel([Step(text="Well.", calls=[ToolCall("finish", {"answer": "Done."})])]))
    assert (outcome.reason, outcome.text, desk.names) == ("finished", "Done.", ["message"])


async def test_words_said_twice_are_told_once(desk: Desk) -> None:
    """Promise: ours; a model that says its answer and finishes with it has one last event, shown while it came."""
    step = Step(pieces=("All ", "done."), calls=[ToolCall("finish", {"answer": "All done."})])
    outcome = await desk.turn("x", ScriptedModel([step]))
    assert (outcome.text, desk.events, desk.screen.text) == ("All done.", [], "All done.")


async def test_what_is_called_before_the_end_is_done_first(desk: Desk) -> None:
    """Promise: ours; the calls of an answer are carried out in their order."""
    calls = [ToolCall("run", {"command": "touch made"}), ToolCall("finish", {"answer": "Made."})]
    outcome = await desk.turn("x", ScriptedModel([Step(calls=calls)]), files={})
    assert (outcome.text, desk.names) == ("Made.", ["run", "run<-1"])
    assert (desk.directory / "workspace" / "made").exists()


async def test_the_next_turn_goes_on_after_a_question(desk: Desk) -> None:
    """Promise: README, sessions: the next prompt goes on with the whole conversation."""
    asked = await desk.turn("x", ScriptedModel([Step(calls=[ToolCall("ask_user", {"question": "Which?"})])]))
    desk.messages = asked.messages
    model = ScriptedModel(["Then that."])
    await desk.turn("The second", model)
    assert "Which?" in str(model.requests[0])
    assert "The second" in str(model.requests[0])


@pytest.mark.parametrize("tool", ["ask_user", "finish"])
async def test_an_end_without_words_is_given_back(desk: Desk, tool: str) -> None:
    """Promise: ours; every turn ends in words, and a model may mend what it says."""
    empty = Step(calls=[ToolCall(tool, {"question" if tool == "ask_user" else "answer": " "})])
    assert (await desk.turn("x", ScriptedModel([empty, "Better."]))).text == "Better."
    stubborn = await desk.turn("x", ScriptedModel([empty] * 9))
    assert stubborn.reason == "error"
    assert stubborn.text


@pytest.mark.parametrize(
    "step",
    [
        Step(text="  \n "),
        Step(),
        Step(calls=[ToolCall("no_such_tool", {"a": 1})]),
        Step(calls=[ToolCall("run", {"cmd": "ls"})]),
        Step(calls=[ToolCall("finish")]),
    ],
    ids=["blank", "nothing", "unknown tool", "malformed", "malformed end"],
)
async def test_a_model_that_makes_no_sense_ends_the_turn_in_words(desk: Desk, step: Step) -> None:
    """Promise: README, models: empty answers, unknown tools and malformed arguments are given back, then it ends."""
    model = ScriptedModel([step] * 20)
    outcome = await desk.turn("x", model, files={})
    assert outcome.reason == "error"
    assert outcome.text
    assert len(model.requests) <= 6
    assert desk.events == []
    desk.messages = outcome.messages
    assert (await desk.turn("again", ScriptedModel(["Fine."]), files={})).text == "Fine."


async def test_the_same_failing_call_is_not_made_forever(desk: Desk) -> None:
    """Promise: README, agents: a model that goes round in a circle is stopped, and the user is told."""
    fails = Step(calls=[ToolCall("run", {"command": "exit 1", "thought": "Again."})])
    model = ScriptedModel([fails] * 20)
    outcome = await desk.turn("x", model, files={})
    assert outcome.reason == "error"
    assert f"the same call of `run` failed {MOST_FAILURES} times" in outcome.text
    assert len(model.requests) == MOST_FAILURES
    said = ModelMessagesTypeAdapter.validate_json(outcome.messages or b"[]")
    assert not (isinstance(said[-1], ModelResponse) and said[-1].tool_calls)


async def test_calls_that_fail_in_turn_are_a_circle_too(desk: Desk) -> None:
    """Promise: README, agents: two calls that fail one after the other go round in a circle as well."""
    pair = [
        Step(calls=[ToolCall("read", {"path": "none.py"})]),
        Step(calls=[ToolCall("edit", {"path": "README.md", "old": "zebra", "new": "x"})]),
    ]
    outcome = await desk.turn("x", ScriptedModel(pair * 10), files={})
    assert "failed 5 times in the same way" in outcome.text


async def test_a_call_that_succeeds_in_between_is_progress(desk: Desk) -> None:
    """Promise: ours; who changes something and tries again is not stopped."""
    fails, helps = ToolCall("run", {"command": "exit 1"}), ToolCall("run", {"command": "true"})
    model = ScriptedModel([*[Step(calls=[fails, helps])] * 8, "Given up."])
    assert (await desk.turn("x", model, files={})).text == "Given up."


async def test_a_question_while_text_comes_withdraws_nothing(desk: Desk) -> None:
    """Promise: README, live text: what was shown beside a question is an event of its own."""
    desk.screen = Screen()
    step = Step(pieces=("Hm", "m."), calls=[ToolCall("ask_user", {"question": "Why?"})])
    outcome = await desk.turn("x", ScriptedModel([step]))
    assert (outcome.text, [event.text for event in desk.events]) == ("Why?", ["Hmm."])
    assert desk.screen.log == ["Hm", "m."]
