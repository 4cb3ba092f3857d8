from __future__ import annotations

from typing import Any

from robocoders.wire.openai.chat import BROKEN_OFF, WITHDRAWN, ChatAnswer, ChunkWriter, completion
from robocoders.wire.openai.endings import Failure
from robocoders.wire.openai.telling import Called, End, Part, Step, Text, Withdrawn
from robocoders.wire.openai.usage import Usage

ANSWER = ChatAnswer("chatcmpl-1", 7, "RepoAgent", shows_steps=True)
FAILURE = Failure(500, "turn_failed", "Sorry.")
PARTS: list[Part] = [
    Step("Searching"),
    Text("Hello"),
    Step("Found"),
    Text(" you."),
    Called(0, "call_1", "f", "{}"),
    Called(1, "call_2", "g", ""),
    End("tool_calls", Usage(7, 3)),
]


def chunks(parts: list[Part], *, answer: ChatAnswer = ANSWER, include_usage: bool = False) -> list[Any]:
    """All chunks of an answer."""
    writer = ChunkWriter(answer, include_usage=include_usage)
    return [writer.begin(), *(chunk for part in parts for chunk in writer.write(part))]


def test_chunks_carry_one_delta_each() -> None:
    """Fact: OpenAI's API reference, `chat.completion.chunk`; `finish_reason` is null until the last."""
    found = chunks(PARTS)
    assert [chunk["choices"][0]["delta"] for chunk in found] == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "Searching"},
        {"content": "Hello"},
        {"reasoning_content": "\nFound"},
        {"content": " you."},
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
        {"tool_calls": [{"index": 1, "id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [None] * 8 + ["tool_calls"]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "RepoAgent"}
    assert all(chunk.items() >= head.items() and "usage" not in chunk for chunk in found)


def test_usage_is_a_chunk_of_its_own() -> None:
    """Fact: OpenAI's API reference, `stream_options.include_usage`."""
    *found, last = chunks(PARTS, include_usage=True)
    assert [chunk["usage"] for chunk in found] == [None] * len(found)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 10)


def test_steps_are_hidden_where_they_are_not_asked_for() -> None:
    """Promise: docs/openai.md, steps (opt-in)."""
    hidden = ChatAnswer("chatcmpl-1", 7, "RepoAgent")
    assert "reasoning_content" not in str(chunks(PARTS, answer=hidden))
    assert "reasoning_content" not in str(completion(hidden, PARTS))


def test_a_stream_that_fails_ends_with_an_error() -> None:
    """Promise: docs/openai.md, errors (inside of a stream: an error's object, and no `finish_reason`)."""
    for part, code in ((Withdrawn(), "answer_withdrawn"), (End("stop", Usage(), FAILURE), "turn_failed")):
        writer = ChunkWriter(ANSWER, include_usage=True)
        (last,) = writer.write(part)
        assert set(last) == {"error"}
        assert (last["error"]["type"], last["error"]["code"]) == ("server_error", code)
        assert not writer.succeeded
    writer = ChunkWriter(ANSWER, include_usage=False)
    assert list(writer.write(End("stop", Usage())))
    assert writer.succeeded


def test_a_whole_answer_is_one_object() -> None:
    """Fact: OpenAI's API reference, `chat.completion`."""
    found = completion(ANSWER, PARTS)
    assert isinstance(found, dict)
    (choice,) = found["choices"]
    assert (found["object"], choice["finish_reason"], found["usage"]["total_tokens"]) == (
        "chat.completion",
        "tool_calls",
        10,
    )
    assert choice["message"] == {
        "role": "assistant",
        "content": "Hello you.",
        "refusal": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}},
        ],
        "reasoning_content": "Searching\nFound",
    }


def test_an_answer_without_text_has_none() -> None:
    """Fact: OpenAI's API reference: `content` is null where there are calls alone."""
    for parts, content in ((PARTS[4:], None), (PARTS[-1:], "")):
        found = completion(ANSWER, parts)
        assert isinstance(found, dict)
        assert found["choices"][0]["message"]["content"] == content


def test_what_is_no_answer_says_why() -> None:
    """Promise: docs/openai.md, errors."""
    assert completion(ANSWER, [Text("a")]) == BROKEN_OFF
    assert completion(ANSWER, [Text("a"), Withdrawn()]) == WITHDRAWN
    assert completion(ANSWER, [Text("a"), End("stop", Usage(), FAILURE)]) == FAILURE
