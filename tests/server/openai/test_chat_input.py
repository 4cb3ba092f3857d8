from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import BinaryContent, ModelRequest, UserPromptPart

from robocoders.testing.scripted_model import ScriptedModel
from tests.support.openai_chat import COMPLETIONS, ask, body, completion, scripted
from tests.support.service import RunningService, running_service

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n not much of one").decode()


def user(content: Any) -> list[dict[str, Any]]:
    """A conversation of one message."""
    return [{"role": "user", "content": content}]


def test_content_may_be_a_list_of_parts(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, content parts."""
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert completion(ask(service, token, user(parts))) == "You said: one\ntwo"


def test_instructions_and_images_reach_the_model(tmp_path: Path) -> None:
    """Promise: docs/openai.md, messages (`developer` is `system`; images for models that see)."""
    model = ScriptedModel(["A cat."])
    with running_service(tmp_path / "data", make_engine=scripted(model)) as service:
        parts = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
        ]
        talk = [{"role": "developer", "content": "Speak of cats."}, *user(parts)]
        assert completion(ask(service, service.token(), talk)) == "A cat."
    (request,) = model.requests
    told = "\n".join(str(message.instructions) for message in request if isinstance(message, ModelRequest))
    assert "Speak of cats." in told
    shown = [
        content
        for message in request
        for part in message.parts
        if isinstance(part, UserPromptPart) and not isinstance(part.content, str)
        for content in part.content
    ]
    assert "What is this?" in [item for item in shown if isinstance(item, str)]
    (picture,) = [item for item in shown if isinstance(item, BinaryContent)]
    assert (picture.data, picture.media_type) == (base64.b64decode(PNG), "image/png")


def test_what_is_not_known_is_ignored(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, parameters (unknown ones are ignored; those for sampling make no difference)."""
    more: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 1,
        "stop": ["x"],
        "max_tokens": 5,
        "seed": 7,
        "user": "me",
        "n": 1,
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "never_heard_of": {"a": [1]},
        "tools": [{"type": "web_search"}],
        "stream_options": None,
    }
    assert completion(ask(service, token, "hello", **more)) == "You said: hello"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": ["a", 7]}, "stop[1]"),
        ({"stop": 7}, "stop"),
        ({"model": 7}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [7]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "boss", "content": "b"}]}, "messages[1].role"),
        ({"messages": user([{"type": "input_audio"}])}, "messages[0].content[0].type"),
        (
            {"messages": user([{"type": "image_url", "image_url": {"url": "file:///x"}}])},
            "messages[0].content[0].image_url",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "finish"}}]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
    ],
)
def test_what_is_wrong_is_named(service: RunningService, token: str, more: dict[str, Any], param: str) -> None:
    """Promise: docs/openai.md, errors (400 with `param`, and nothing that was sent is repeated)."""
    answer = service.send("POST", COMPLETIONS, token=token, body=body("hello") | more)
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert service.turns.seen == []


def test_a_parameter_that_is_missing_is_named(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    for name in ("model", "messages"):
        wanted = {key: value for key, value in body("hello").items() if key != name}
        answer = service.send("POST", COMPLETIONS, token=token, body=wanted)
        assert (answer.status, answer.json["error"]["param"]) == (400, name)


def test_numbers_that_json_cannot_write_are_refused(service: RunningService, token: str) -> None:
    """Source: RFC 8259, section 6 (no infinite number; some readers take `1e999` for one)."""
    wanted = b'{"model": "RepoAgent", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", '
    wanted += b'"function": {"name": "f", "parameters": {"maximum": 1e999}}}]}'
    answer = service.send("POST", COMPLETIONS, token=token, body=wanted)
    assert (answer.status, answer.json["error"]["param"]) == (400, "tools")


def test_no_secret_comes_back_in_an_error(service: RunningService, token: str) -> None:
    """Promise: SECURITY, secrets (no prompt, token or key in an error)."""
    answers = [
        ask(service, token, [{"role": "secret-role", "content": "secret"}]),
        ask(service, token, "secret", tool_choice={"type": "function", "function": {"name": "secret"}}),
        service.send("POST", COMPLETIONS, token=token, body=b'{"secret'),
        ask(service, "secret-token", "secret"),
    ]
    assert [answer.status for answer in answers] == [400, 400, 400, 401]
    assert all(b"secret" not in answer.body for answer in answers)
