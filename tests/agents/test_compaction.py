from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.exceptions import ModelContextWindowExceededError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
    repair_messages,
)
from pydantic_ai.models import ModelRequestParameters

from robocoders.agents.compaction import compacted, limit_for, size_of
from robocoders.agents.fitting_model import FittingModel
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.agents.turns import FILES, Desk


def _turn(prompt: str, outputs: Sequence[str], *, argument: str = "x", number: int = 0) -> list[ModelMessage]:
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart(prompt)])]
    for place, output in enumerate(outputs):
        call_id = f"call {number} {place}"
        messages.append(ModelResponse(parts=[ToolCallPart("read", {"path": argument}, tool_call_id=call_id)]))
        messages.append(ModelRequest(parts=[ToolReturnPart("read", output, tool_call_id=call_id)]))
    return [*messages, ModelResponse(parts=[TextPart("Done.")])]


_TURNS = st.lists(
    st.tuples(st.integers(0, 3000), st.lists(st.integers(0, 5000), max_size=6), st.integers(0, 2000)),
    min_size=1,
    max_size=5,
)


def _calls(messages: Sequence[ModelMessage]) -> list[str]:
    return [
        call.tool_call_id for message in messages if isinstance(message, ModelResponse) for call in message.tool_calls
    ]


def _returns(messages: Sequence[ModelMessage]) -> list[str]:
    return [
        part.tool_call_id
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]


@settings(deadline=None, max_examples=60)
@given(_TURNS, st.integers(100, 20_000))
def test_whatever_is_left_out_calls_keep_their_results(turns: list[tuple[int, list[int], int]], limit: int) -> None:
    """Promise: ours; providers refuse a call without its result, and the newest messages stay."""
    whole = [
        message
        for number, (prompt, outputs, argument) in enumerate(turns)
        for message in _turn("p" * prompt, ["o" * size for size in outputs], argument="a" * argument, number=number)
    ]
    left = compacted(whole, limit)
    assert size_of(left) <= size_of(whole)
    assert _calls(left) == _returns(left)
    assert left[-2:] == whole[-2:]
    assert isinstance(left[0], ModelRequest)
    assert left == compacted(whole, limit)
    assert repair_messages(left) == repair_messages(repair_messages(left))
    if size_of(whole) <= limit:
        assert left == whole


def test_outputs_go_first_and_the_oldest_of_them() -> None:
    """Promise: ours; what can be read again goes before what was said."""
    whole = [*_turn("first", ["a" * 5000, "b" * 5000]), *_turn("second", ["c" * 5000] * 4, number=1)]
    left = compacted(whole, 25_000)
    outputs = [str(part.content) for message in left for part in message.parts if isinstance(part, ToolReturnPart)]
    assert "4800 characters left out to save room" in outputs[0]
    assert outputs[-2:] == ["c" * 5000] * 2
    assert _prompts(left) == ["first", "second"]


def test_earlier_turns_go_before_the_newest_one() -> None:
    """Promise: ours; a conversation of many long prompts keeps the newest prompt."""
    whole = [message for number in range(9) for message in _turn(f"{number}" * 1000, [], number=number)]
    left = compacted(whole, 4000)
    assert [prompt[0] for prompt in _prompts(left)] == ["7", "8"]


def test_a_long_turn_loses_its_oldest_calls() -> None:
    """Promise: ours; a turn that is long by itself goes on, with its prompt."""
    whole = _turn("The task", ["o" * 300] * 40)
    left = compacted(whole, 5000)
    assert size_of(left) <= 3000
    assert _prompts(left) == ["The task"]
    assert _calls(left) == _returns(left) == _calls(whole)[-len(_calls(left)) :]


def _prompts(messages: Sequence[ModelMessage]) -> list[str]:
    return [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]


async def test_a_turn_keeps_within_its_models_window(desk: Desk) -> None:
    """Promise: README, agents: a long session goes on within the model's window."""

    class Small(ScriptedModel):
        @property
        def context_window(self) -> int:
            return 2000

    model = Small([*[Step(calls=[ToolCall("read", {"path": "long.txt", "end": n})]) for n in range(44, 50)], "Read."])
    assert limit_for(model) == 4500
    outcome = await desk.turn("x", model, files={**FILES, "long.txt": "a line of a long file\n" * 100})
    assert outcome.text == "Read."
    assert [size_of(request) < 4500 for request in model.requests] == [True] * 7
    assert "left out to save room" in str(model.requests[4])
    assert len(model.requests[-1]) < len(model.requests[-2])
    assert len(outcome.messages or b"") < 20_000


async def test_a_model_that_has_less_room_than_was_thought_is_told_less() -> None:
    """Promise: README, agents: a server with a smaller window than its model's name suggests is of use, too."""

    def too_long() -> Step:
        return Step(error=ModelContextWindowExceededError("scripted", "too long"))

    model = ScriptedModel([too_long(), too_long(), "Understood.", "Again."])
    fitting = FittingModel(model)
    whole = [*_turn("first", ["a" * 8000] * 3), *_turn("second", ["b" * 200])[:-1]]
    for _ in range(2):
        await fitting.request(whole, None, ModelRequestParameters())
    sizes = [size_of(request) for request in model.requests]
    assert sizes[0] > sizes[1] > sizes[2] == sizes[3]
    assert _calls(model.requests[2]) == _returns(model.requests[2])


async def test_what_fits_nowhere_is_said(desk: Desk) -> None:
    """Promise: README, models: a context overflow is a clear end of the turn, after a bounded number of requests."""
    model = ScriptedModel([Step(error=ModelContextWindowExceededError("scripted", "too long"))])
    outcome = await desk.turn("x" * 1000, model)
    assert outcome.reason == "error"
    assert "longer than the model can take" in outcome.text
