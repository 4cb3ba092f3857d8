from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart

from robocoders.agents.running import Outcome, TurnInput, run_turn
from robocoders.agents.steps import ClientCall, DirectSteps
from robocoders.agents.tool_names import RESERVED_NAMES, reserved_among
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from robocoders.wire.wishes import ClientTool, Wishes
from robocoders.workspace.files import Workspace
from tests.agents.turns import Desk, write_files

if TYPE_CHECKING:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

_WEATHER = ClientTool("get_weather", "Says what the weather is.", {"type": "object", "properties": {"city": {}}})
_CLOCK = ClientTool("get_time", "Says what time it is.")


@dataclass(frozen=True, slots=True)
class _Answering(DirectSteps):
    """Steps with a client that answers each call by the tool's name."""

    asked: list[tuple[Sequence[ClientCall], Mapping[str, int]]] = field(default_factory=list[Any])

    async def ask_client(self, calls: Sequence[ClientCall], usage: Mapping[str, int]) -> list[str]:
        self.asked.append((calls, dict(usage)))
        return [f"result of {call.name}" for call in calls]


async def _turn(
    desk: Desk, model: ScriptedModel, wishes: Wishes, *, files: dict[str, str] | None = None
) -> tuple[Outcome, _Answering]:
    steps = _Answering(desk.emit)
    workspace = None
    if files is not None:
        root = desk.directory / "workspace"
        root.mkdir()
        workspace = Workspace(write_files(root, files))
    turn = TurnInput(
        agent="GeneralCodingAgent",
        prompt="Go.",
        model=model,
        workspace=workspace,
        index_dir=desk.directory / "index",
        steps=steps,
        wishes=wishes,
    )
    return await run_turn(turn, desk.emit), steps


def _returns(model: ScriptedModel, request: int) -> dict[str, str]:
    """What the model was told of its calls, by tool."""
    last = model.requests[request][-1]
    assert isinstance(last, ModelRequest)
    return {part.tool_name: part.model_response_str() for part in last.parts if isinstance(part, ToolReturnPart)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_the_model_calls_a_clients_tool_and_goes_on_with_its_result(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: tools of the request are offered to the model; their results go on the turn."""
    calls = [ToolCall("get_weather", {"city": "Rome"}), ToolCall("get_time")]
    step = Step(text="Let me ask.", calls=calls, input_tokens=7, output_tokens=3)
    model = ScriptedModel([step, "It rains."])
    outcome, steps = await _turn(desk, model, Wishes(tools=(_WEATHER, _CLOCK)))
    assert (outcome.reason, outcome.text) == ("finished", "It rains.")
    [(asked, usage)] = steps.asked
    assert [(call.name, call.arguments) for call in asked] == [("get_weather", '{"city":"Rome"}'), ("get_time", "{}")]
    assert usage == {"requests": 1, "input_tokens": 7, "output_tokens": 3}
    assert _returns(model, 1) == {"get_weather": "result of get_weather", "get_time": "result of get_time"}
    assert [event.text for event in desk.events] == ["Let me ask."]
    assert "Rome" not in repr(asked)


async def test_own_tools_of_the_same_answer_run_first(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: what the agent can do itself is done before the client is asked."""
    calls = [ToolCall("get_weather"), ToolCall("read", {"path": "a.txt"}), ToolCall("get_time")]
    model = ScriptedModel([Step(calls=calls), "Done."])
    outcome, steps = await _turn(desk, model, Wishes(tools=(_WEATHER, _CLOCK)), files={"a.txt": "hello\n"})
    assert outcome.text == "Done."
    assert [[call.name for call in calls] for calls, _ in steps.asked] == [["get_weather", "get_time"]]
    assert desk.names == ["read", "read<-1"]
    told = _returns(model, 1)
    assert "hello" in told["read"]
    assert told["get_time"] == "result of get_time"


async def test_a_client_is_not_asked_by_an_answer_that_ends_the_turn(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: a turn that is over asks for nothing."""
    model = ScriptedModel([Step(calls=[ToolCall("get_weather"), ToolCall("finish", {"answer": "Done."})])])
    outcome, steps = await _turn(desk, model, Wishes(tools=(_WEATHER,)))
    assert (outcome.reason, outcome.text, steps.asked) == ("finished", "Done.", [])


async def test_arguments_that_are_no_json_are_for_the_model_to_mend(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: a client gets arguments as a JSON text, always."""
    model = _Muttering([Step(calls=[ToolCall("get_weather")]), Step(calls=[ToolCall("get_weather")]), "Done."])
    outcome, steps = await _turn(desk, model, Wishes(tools=(_WEATHER,)))
    assert outcome.text == "Done."
    assert [[call.arguments for call in calls] for calls, _ in steps.asked] == [["{}"]]
    assert "JSON" in str(model.requests[1][-1])


class _Muttering(ScriptedModel):
    """A scripted model whose first calls have arguments that are no JSON."""

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        response = await super().request(messages, model_settings, model_request_parameters)
        if len(self.requests) == 1:
            response.parts = [ToolCallPart("get_weather", '{"city": ')]
        return response

    def request_stream(self, *_args: Any, **_options: Any) -> Any:
        raise NotImplementedError


async def test_tools_are_offered_by_their_own_description(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: the model is told of a tool what its client says of it."""
    model = ScriptedModel(["Nothing to do."])
    await _turn(desk, model, Wishes(tools=(_WEATHER, _CLOCK)))
    assert model.tools == ("get_weather", "get_time")
    offered = {tool.name: tool for tool in model.offered}
    assert offered["get_weather"].description == "Says what the weather is."
    assert offered["get_weather"].parameters_json_schema == _WEATHER.parameters
    assert offered["get_time"].parameters_json_schema == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("choice", "tools", "first"),
    [
        ("auto", ("get_weather", "get_time"), None),
        ("none", (), None),
        ("required", ("get_weather", "get_time"), ["get_weather", "get_time"]),
        ("get_time", ("get_weather", "get_time"), ["get_time"]),
    ],
)
async def test_which_tool_is_called_can_be_chosen(
    desk: Desk, choice: str, tools: tuple[str, ...], first: list[str] | None
) -> None:
    """Promise: README, OpenAI dialects: `tool_choice` holds for the first answer; what follows is the model's own."""
    steps = [Step(calls=[ToolCall("get_time")]), "Done."] if tools else ["Done."]
    model = ScriptedModel(steps)
    await _turn(desk, model, Wishes(tools=(_WEATHER, _CLOCK), tool_choice=choice))
    assert model.tools == tools
    given = [dict(settings).get("tool_choice") for settings in model.settings_given]
    assert given == [first, None][: len(steps)]


async def test_without_a_client_its_tools_are_refused_in_words(desk: Desk) -> None:
    """Promise: ours: an agent that is run without an engine hears that nobody answers, and goes on."""
    model = ScriptedModel([Step(calls=[ToolCall("get_time")]), "Done."])
    turn = TurnInput(
        agent="RepoAgent",
        prompt="Go.",
        model=model,
        workspace=None,
        index_dir=desk.directory,
        wishes=Wishes(tools=(_CLOCK,)),
    )
    assert (await run_turn(turn, desk.emit)).text == "Done."
    assert "no client" in _returns(model, 1)["get_time"]
    assert desk.names == ["call_tool"]


async def test_instructions_reach_the_model_and_nothing_else(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: what system and developer messages say is heard beside the agent's own part."""
    model = ScriptedModel(["Aye."])
    wishes = Wishes(instructions="Talk like a pirate.")
    outcome, _ = await _turn(desk, model, wishes)
    assert "Talk like a pirate." in model.instructions
    assert "workspace" in model.instructions
    assert outcome.messages is not None
    assert b"pirate" not in outcome.messages
    assert "pirate" not in repr(wishes)


async def test_the_reserved_names_are_those_of_our_tools(desk: Desk) -> None:
    """Promise: README, OpenAI dialects: a client's tool that is called like one of ours is refused before the turn."""
    model = ScriptedModel(["Hello."])
    await _turn(desk, model, Wishes(), files={})
    ours = {tool.name for tool in model.offered} | {tool.name for tool in model.endings}
    assert ours == RESERVED_NAMES
    assert reserved_among(["get_time", "run", "list"]) == ["run", "list"]
