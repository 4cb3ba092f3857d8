from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.support.openai_chat import ask, chunks, completion, text_of
from tests.support.service import RunningService

_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_an_answer_is_a_chat_completion(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, the object `chat.completion`."""
    answer = ask(service, token, "end finished")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert str(uuid.UUID(answer.headers["x-session-id"])) == answer.headers["x-session-id"]
    assert answer.headers["x-request-id"].startswith("req_")
    found = answer.json
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{32}", found["id"])
    assert isinstance(found["created"], int)
    assert (found["object"], found["model"]) == ("chat.completion", "RepoAgent")
    message = {"role": "assistant", "content": "It ended.", "refusal": None}
    assert found["choices"] == [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    usage = found["usage"]
    assert [usage[name] for name in _NO_USAGE] == [700, 30, 730]
    assert set(usage) - set(_NO_USAGE) == {"prompt_tokens_details", "completion_tokens_details"}


def test_a_stream_has_the_form_that_clients_check(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, streaming; `finish_reason` is there and null until the last chunk."""
    answer = ask(service, token, "end finished", stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-request-id"].startswith("req_")
    assert uuid.UUID(answer.headers["x-session-id"])
    found = chunks(answer)
    assert found.pop() == "[DONE]"
    assert len({(chunk["id"], chunk["created"]) for chunk in found}) == 1
    assert {(chunk["object"], chunk["model"]) for chunk in found} == {("chat.completion.chunk", "RepoAgent")}
    choices = [chunk["choices"][0] for chunk in found]
    assert {choice["index"] for choice in choices} == {0}
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert all("role" not in choice["delta"] for choice in choices[1:])
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[-1]["delta"] == {}
    assert text_of(found) == "It ended."
    assert all("usage" not in chunk for chunk in found)


def test_the_stream_says_on_request_what_was_used_up(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, `stream_options.include_usage`."""
    *found, last, done = chunks(
        ask(service, token, "end finished", stream=True, stream_options={"include_usage": True})
    )
    assert done == "[DONE]"
    assert [chunk["usage"] for chunk in found] == [None] * len(found)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 730
    assert {name: last[name] for name in ("id", "object", "created", "model")} == {
        name: found[0][name] for name in ("id", "object", "created", "model")
    }


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("finished", "stop"),
        ("question", "stop"),
        ("needs_model", "stop"),
        ("iteration_limit", "length"),
        ("budget_limit", "length"),
        ("exhausted", "length"),
    ],
)
def test_every_end_that_is_an_answer_has_its_finish_reason(
    service: RunningService, token: str, reason: str, finish: str
) -> None:
    """Promise: docs/openai.md, ends (a limit is `length`, a question is ordinary text)."""
    whole = ask(service, token, f"end {reason}")
    assert (completion(whole), whole.json["choices"][0]["finish_reason"]) == ("It ended.", finish)
    found = chunks(ask(service, token, f"end {reason}", stream=True))
    assert (text_of(found), found[-2]["choices"][0]["finish_reason"]) == ("It ended.", finish)


def test_messages_are_parted_by_blank_lines(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, text (all that the agent says, as paragraphs)."""
    assert completion(ask(service, token, "twice")) == "First.\n\nSecond."
    assert text_of(chunks(ask(service, token, "twice", stream=True))) == "First.\n\nSecond."
    assert completion(ask(service, token, "mute")) == ""


@pytest.mark.parametrize(
    "wish", [{"reasoning_effort": "low"}, {"reasoning": {"effort": "high"}}, {"include_reasoning": True}]
)
def test_steps_are_shown_to_those_who_ask(service: RunningService, token: str, wish: dict[str, Any]) -> None:
    """Promise: docs/openai.md, steps (`reasoning_content`, opt-in)."""
    message = ask(service, token, "hello", **wish).json["choices"][0]["message"]
    assert message["reasoning_content"] == "Searching\nFound"
    assert message["content"] == "You said: hello"
    found = chunks(ask(service, token, "hello", stream=True, **wish))
    assert (text_of(found, "reasoning_content"), text_of(found)) == ("Searching\nFound", "You said: hello")


@pytest.mark.parametrize(
    "wish",
    [{}, {"reasoning_effort": "none"}, {"reasoning": {"exclude": True}}, {"reasoning": {"enabled": False}}],
)
def test_steps_are_hidden_from_all_others(service: RunningService, token: str, wish: dict[str, Any]) -> None:
    """Promise: docs/openai.md, steps (`reasoning_content`, opt-in)."""
    assert b"reasoning_content" not in ask(service, token, "hello", **wish).body
    assert b"reasoning_content" not in ask(service, token, "hello", stream=True, **wish).body


def test_a_failed_turn_is_not_tried_again(service: RunningService, token: str) -> None:
    """Fact: OpenAI's clients send a request again after a 5xx, unless `x-should-retry: false`."""
    answer = ask(service, token, "end error")
    assert (answer.status, answer.headers["x-should-retry"]) == (500, "false")
    assert answer.json == {
        "error": {"message": "It ended.", "type": "server_error", "param": None, "code": "turn_failed"}
    }
    found = chunks(ask(service, token, "end error", stream=True))
    assert found[-1] == answer.json
    assert found[0]["choices"][0]["finish_reason"] is None
    assert len(found) == 2


def test_a_cancelled_turn_says_so(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, ends (`cancelled` is an error with that code)."""
    whole = ask(service, token, "end cancelled")
    assert (whole.status, whole.headers["x-should-retry"]) == (409, "false")
    assert whole.json["error"]["code"] == "cancelled"
    assert chunks(ask(service, token, "end cancelled", stream=True))[-1] == whole.json
