from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_ai.messages import ModelRequest, ToolReturnPart

from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.support.openai_chat import ask, chunks, completion, scripted, text_of
from tests.support.service import Answer, RunningService, running_service

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
QUESTION: list[dict[str, Any]] = [{"role": "user", "content": "How is the weather in Rome and in Oslo?"}]
BOTH = Step(
    text="I look that up.",
    calls=(ToolCall("get_weather", {"city": "Rome"}), ToolCall("get_weather", {"city": "Oslo"})),
    input_tokens=100,
    output_tokens=10,
)
LAST = Step(text="Sunny there, snow here.", input_tokens=200, output_tokens=20)


@contextmanager
def talking(tmp_path: Path, *steps: Step) -> Generator[tuple[RunningService, str, ScriptedModel]]:
    """A server whose agents have a model with these answers, and a token for it."""
    model = ScriptedModel(steps)
    with running_service(tmp_path / "data", make_engine=scripted(model)) as service:
        yield service, service.token(), model


def called(answer: Answer) -> dict[str, Any]:
    """The message of an answer that asks for calls."""
    assert answer.status == 200, answer
    choice = answer.json["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    return choice["message"]


def results(message: dict[str, Any], *contents: str) -> list[dict[str, Any]]:
    """The conversation with the results of its calls."""
    told = zip(message["tool_calls"], contents, strict=False)
    return [*QUESTION, message, *({"role": "tool", "tool_call_id": call["id"], "content": text} for call, text in told)]


def returned(model: ScriptedModel) -> list[Any]:
    """The results that the model heard with its last request."""
    parts = [part for message in model.requests[-1] if isinstance(message, ModelRequest) for part in message.parts]
    return [part.content for part in parts if isinstance(part, ToolReturnPart)]


def test_a_clients_tools_are_called_and_their_results_go_on_in_the_same_turn(tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools (`tool_calls`, then messages with the role `tool`; one turn)."""
    with talking(tmp_path, BOTH, LAST) as (service, token, model):
        first = ask(service, token, QUESTION, tools=[WEATHER])
        message = called(first)
        assert "get_weather" in model.tools
        assert message["content"] == "I look that up."
        calls = message["tool_calls"]
        assert [set(call) for call in calls] == [{"id", "type", "function"}] * 2
        assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
        assert len({call["id"] for call in calls}) == 2
        second = ask(service, token, results(message, "sun", "snow"), tools=[WEATHER])
        assert completion(second) == "Sunny there, snow here."
        assert second.json["choices"][0]["finish_reason"] == "stop"
        assert returned(model) == ["sun", "snow"]
        sid = first.headers["x-session-id"]
        assert second.headers["x-session-id"] == sid
        assert service.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 1
        assert [answer.json["usage"]["total_tokens"] for answer in (first, second)] == [110, 220]
        assert first.json["id"] != second.json["id"]


def test_a_stream_tells_calls_by_their_index(tmp_path: Path) -> None:
    """Fact: OpenAI's API reference, streamed `tool_calls`: keyed by `index`, id and name in the first alone."""
    with talking(tmp_path, BOTH, LAST) as (service, token, _):
        wanted: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
        *found, usage, done = chunks(ask(service, token, QUESTION, tools=[WEATHER], **wanted))
        assert done == "[DONE]"
        assert usage["usage"]["total_tokens"] == 110
        assert text_of(found) == "I look that up."
        deltas = [call for chunk in found for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
        assert [(call["index"], "id" in call, "name" in call["function"]) for call in deltas] == [
            (0, True, True),
            (0, False, False),
            (1, True, True),
            (1, False, False),
        ]
        assert [call["function"]["arguments"] for call in deltas[::2]] == ["", ""]
        assert [json.loads(call["function"]["arguments"])["city"] for call in deltas[1::2]] == ["Rome", "Oslo"]
        assert found[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "tool_calls"}
        told = [
            {"role": "tool", "tool_call_id": call["id"], "content": text}
            for call, text in zip(deltas[::2], ("sun", "snow"), strict=True)
        ]
        *rest, usage, done = chunks(ask(service, token, told, **wanted))
        assert (text_of(rest), done) == ("Sunny there, snow here.", "[DONE]")
        assert usage["usage"]["total_tokens"] == 220


def test_results_of_some_calls_are_refused_and_those_of_all_taken(tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools: all calls of one message are answered together; what is missing is named."""
    with talking(tmp_path, BOTH, LAST) as (service, token, model):
        message = called(ask(service, token, QUESTION, tools=[WEATHER]))
        answer = ask(service, token, results(message, "sun"), tools=[WEATHER])
        assert (answer.status, answer.json["error"]["code"]) == (400, "tool_results_missing")
        assert message["tool_calls"][1]["id"] in answer.json["error"]["message"]
        assert message["tool_calls"][0]["id"] not in answer.json["error"]["message"]
        assert completion(ask(service, token, results(message, "rain", "snow"))) == "Sunny there, snow here."
        assert returned(model) == ["rain", "snow"]


def test_the_same_results_again_are_the_same_answer(tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools (results need no key: sent again, they are one answer; others are 409)."""
    with talking(tmp_path, BOTH, LAST) as (service, token, _):
        message = called(ask(service, token, QUESTION, tools=[WEATHER]))
        first = ask(service, token, results(message, "sun", "snow"))
        again = ask(service, token, results(message, "sun", "snow"))
        assert completion(first) == "Sunny there, snow here."
        assert again.body == first.body
        other = ask(service, token, results(message, "rain", "snow"))
        assert (other.status, other.headers["x-should-retry"]) == (409, "false")
        assert other.json["error"]["code"] == "tool_result_differs"


def test_results_that_nobody_waits_for_are_refused(tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools (400 with `param`; calls of another user are no calls)."""
    with talking(tmp_path, BOTH, LAST) as (service, token, model):
        message = called(ask(service, token, QUESTION, tools=[WEATHER]))
        anna = service.token("/auth?sub=anna")
        made_up = [*QUESTION, {"role": "tool", "tool_call_id": "call_1", "content": "sun"}]
        for who, talk in ((anna, results(message, "sun", "snow")), (token, made_up)):
            answer = ask(service, who, talk)
            assert answer.status == 400
            error = answer.json["error"]
            assert (error["code"], error["param"]) == ("unknown_tool_call", f"messages[{len(talk) - 1}].tool_call_id")
        assert len(model.requests) == 1
        sid = service.send("GET", "/sessions", token=token).json["sessions"][0]["sid"]
        assert service.send("POST", f"/sessions/{sid}/cancel", token=token).json["cancelled"] is True
        assert ask(service, token, results(message, "sun", "snow")).json["error"]["code"] == "unknown_tool_call"


def test_a_new_prompt_ends_a_turn_that_waits(tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools (who asks something else does not want the results any more)."""
    with talking(tmp_path, BOTH, LAST) as (service, token, _):
        first = ask(service, token, QUESTION, tools=[WEATHER])
        message, sid = called(first), first.headers["x-session-id"]
        talk = [*results(message, "sun", "snow"), {"role": "user", "content": "Never mind."}]
        assert completion(ask(service, token, talk, sid=sid)) == "Sunny there, snow here."
        ends = [
            event["args"]["extras"]["reason"]
            for event in service.send("GET", f"/sessions/{sid}/events", token=token).events
            if event.get("args", {}).get("wait_for_response")
        ]
        assert ends == ["cancelled", "finished"]


def test_a_key_of_another_request_is_refused_with_results_too(tmp_path: Path) -> None:
    """Promise: /docs, Idempotency-Key (another request with the key is refused)."""
    with talking(tmp_path, BOTH, LAST) as (service, token, _):
        message = called(ask(service, token, QUESTION, tools=[WEATHER]))
        key = {"Idempotency-Key": "k"}
        assert service.send("GET", "/create-session", token=token, headers=key).status == 200
        talk = {"model": "RepoAgent", "messages": results(message, "sun", "snow")}
        refused = service.send("POST", "/v1/chat/completions", token=token, body=talk, headers=key)
        assert refused.json["error"]["code"] == "idempotency_key_reused"
        assert ask(service, token, [*results(message, "sun", "snow")]).status == 200
