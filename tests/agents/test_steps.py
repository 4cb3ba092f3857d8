from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from pydantic_ai.capabilities import SetToolMetadata
from pydantic_ai.models import ModelRequestParameters

from robocoders.agents.assembling import agent_of
from robocoders.agents.running import StepResult, TurnInput, run_turn
from robocoders.agents.steps import ClientCall, DirectSteps, Emit, Work, interrupted_result
from robocoders.events import Action, RunObservation
from robocoders.testing.recalling_model import RecallingModel
from robocoders.testing.scripted_model import Step, ToolCall
from robocoders.testing.slow_append import slow_append_tool
from robocoders.workspace.files import Workspace
from tests.agents.turns import FILES, Desk, Screen, write_files


@dataclass
class Record:
    """Keeps what came of each step, as JSON, and hands it back instead of doing the step again."""

    emit: Emit
    screen: Screen
    finished: list[bytes] = field(default_factory=list[bytes])
    calls: list[tuple[str, Mapping[str, Any], bool]] = field(default_factory=list[tuple[str, Mapping[str, Any], bool]])
    done: int = 0
    noted: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def ask_client(self, calls: Sequence[ClientCall], usage: Mapping[str, int]) -> list[str]:
        raise AssertionError(f"no client is asked here: {calls}, {usage}")

    async def note(self, name: str, look: Callable[[], Awaitable[bytes]]) -> bytes:
        """See `Steps`."""
        if name not in self.noted:
            self.noted[name] = await look()
        return self.noted[name]

    async def run(
        self, name: str, arguments: Mapping[str, Any], action: Action, work: Work, *, repeatable: bool = False
    ) -> StepResult:
        """See `Steps`."""
        place = len(self.calls)
        self.calls.append((name, arguments, repeatable))
        if place < len(self.finished):
            text, data = msgspec.json.decode(self.finished[place])
            return StepResult(observation=RunObservation(), text=text, data=data)
        self.done += 1
        result = await DirectSteps(self.emit, self.screen).run(name, arguments, action, work, repeatable=repeatable)
        self.finished.append(msgspec.json.encode((result.text, result.data)))
        return result


async def test_a_turn_that_is_run_again_makes_the_same_calls(tmp_path: Path) -> None:
    """Promise: README, durable turns: a finished step is never run again, and the turn goes on as it would have."""
    workspace = Workspace(write_files(tmp_path / "workspace", FILES))

    def script(prompt: str, number: int) -> Step | str:
        steps: list[Step | str] = [
            Step(
                text="Looking.", calls=[ToolCall("list", {"recursive": True}), ToolCall("search", {"query": "parse"})]
            ),
            Step(calls=[ToolCall("read", {"path": "README.md"}), ToolCall("read", {"path": "../none"})]),
            Step(calls=[ToolCall("slow_append", {"file": "f", "line": "once"})]),
            f"The answer to {prompt}.",
        ]
        return steps[number]

    desk = Desk(tmp_path)
    record = Record(desk.emit, desk.screen)
    run = functools.partial(run_turn, tools=[slow_append_tool(tmp_path, pause=_no_pause)])
    turn = TurnInput(
        agent="GeneralCodingAgent",
        prompt="x",
        model=RecallingModel(script),
        workspace=workspace,
        index_dir=tmp_path / "index",
        steps=record,
        live=desk.screen,
    )
    first = await run(turn, desk.emit)
    said = [name for name in desk.names if name == "message"]
    again, other = Record(desk.emit, desk.screen, finished=record.finished), Desk(tmp_path)
    model = RecallingModel(script)
    second = await run(replace(turn, model=model, steps=again), other.emit)
    assert second == first
    assert first.text == "The answer to x."
    assert (again.calls, again.done, record.done) == (record.calls, 0, 5)
    assert other.names == said == ["message"]
    assert model.requests == [("x", number) for number in range(4)]
    assert (tmp_path / "f").read_text() == "once\n"
    assert [(name, repeatable) for name, _, repeatable in record.calls] == [
        ("list", True),
        ("search", True),
        ("read", True),
        ("read", True),
        ("slow_append", False),
    ]
    assert all(json.loads(json.dumps(arguments)) == arguments for _, arguments, _ in record.calls)


async def test_the_offline_model_goes_on_from_what_was_kept(tmp_path: Path) -> None:
    """Promise: README, durable turns: what a tool returned is kept as data, and the offline model answers from it."""
    workspace = Workspace(write_files(tmp_path / "workspace", FILES))
    for prompt in ("Where are cookies parsed?", "Describe this repository"):
        desk = Desk(tmp_path)
        record = Record(desk.emit, desk.screen)
        turn = TurnInput(
            agent="RepoAgent", prompt=prompt, model="offline", workspace=workspace, index_dir=tmp_path, steps=record
        )
        first = await run_turn(turn, desk.emit)
        again = Record(desk.emit, desk.screen, finished=record.finished)
        assert (await run_turn(replace(turn, steps=again), desk.emit)) == first
        assert again.done == 0 < record.done


async def test_a_steps_output_is_shown_while_it_comes_and_is_its_observation(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, live text: a command's output is shown while it runs."""
    paused, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        paused.set()
        await go_on.wait()

    desk.tools = [slow_append_tool(tmp_path, pause=pause)]
    (tmp_path / "log").write_text("interrupted")
    model = RecallingModel(
        lambda _, number: (
            "Done."
            if number
            else Step(calls=[ToolCall("slow_append", {"file": "log", "line": "a line", "piece_length": 3})])
        )
    )
    async with asyncio.timeout(30):
        turn = asyncio.create_task(desk.turn("x", model))
        await paused.wait()
        assert (desk.screen.log, desk.names) == (["a l"], ["run"])
        assert (tmp_path / "log").read_text() == "interrupted\na l"
        go_on.set()
        assert (await turn).text == "Done."
    assert desk.names == ["run", "run<-1"]
    assert desk.events[1].text == "".join(piece or "" for piece in desk.screen.log[:2]) == "a line"
    assert (tmp_path / "log").read_text() == "interrupted\na line\n"


async def test_steps_are_made_one_by_one_whatever_a_tool_asks_for(desk: Desk, tmp_path: Path) -> None:
    """Promise: README, durable turns: the steps of a turn have an order, the one in which the model asked."""
    desk.tools = [slow_append_tool(tmp_path, pause=_no_pause)]
    calls = [ToolCall("slow_append", {"file": "f", "line": str(number)}) for number in range(5)]
    await desk.turn("x", RecallingModel(lambda _, number: "ok" if number else Step(calls=calls)))
    assert desk.names == [name for place in (1, 3, 5, 7, 9) for name in ("run", f"run<-{place}")]
    assert (tmp_path / "f").read_text() == "0\n1\n2\n3\n4\n"


async def test_a_model_that_recalls_counts_from_the_last_prompt(desk: Desk) -> None:
    """Promise: ours; the answer depends on the conversation alone, so another process gives the same."""
    model = RecallingModel(lambda prompt, number: f"{prompt} {number}")
    assert (await desk.turn("one", model)).text == "one 0"
    wrong = RecallingModel(
        lambda prompt, number: Step(calls=[ToolCall("none")]) if number < 2 else f"{prompt} {number}"
    )
    assert (await desk.turn("two", wrong, history=[])).text == "two 2"
    assert wrong.requests == [("two", 0), ("two", 1), ("two", 2)]
    assert (await model.request([], None, ModelRequestParameters())).parts


def test_an_interrupted_step_says_so_and_what_it_had_written() -> None:
    """Promise: README, durable turns: a command in flight is reported as interrupted, with the output so far."""
    result = interrupted_result("half a li")
    assert result.text.endswith("half a li")
    assert result.observation.text in result.text
    assert json.loads(json.dumps(result.data)) == result.data
    assert "written nothing" in interrupted_result("").text
    assert len(interrupted_result("x" * 500_000).text) < 30_000


def test_the_same_capabilities_get_the_same_agent() -> None:
    """Promise: ours; what makes turns durable registers its steps once, not with each turn."""
    capability = SetToolMetadata()
    agent = agent_of("RepoAgent", [capability])
    assert agent_of("RepoAgent", (capability,)) is agent
    assert agent_of("RepoAgent", [SetToolMetadata()]) is not agent
    assert agent_of("FrontEndAgent", [capability]) is not agent


async def _no_pause() -> None:
    """Go on at once."""
