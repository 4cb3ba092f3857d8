from __future__ import annotations

from typing import Any

import pytest

from robocoders.wire.openai.content import Content
from robocoders.wire.openai.conversation import Asked, Call, Said, ask, tool_results
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.messages import read_messages
from robocoders.wire.protocol import MAX_PROMPT_CHARACTERS
from robocoders.wire.wishes import Image

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    {"role": "assistant", "content": "It is 1.", "tool_calls": None},
    {"role": "user", "content": "two"},
]


def test_messages_of_every_role_are_read() -> None:
    """Fact: OpenAI's API reference, roles of messages; `developer` took the place of `system`."""
    assert read_messages(TALK) == [
        Said("system", Content("Be kind.")),
        Said("system", Content("Be brief.")),
        Said("user", Content("one")),
        Said("assistant", Content(), (Call("call_1", "f", "{}"),)),
        Said("tool", Content("1"), call_id="call_1"),
        Said("assistant", Content("It is 1.")),
        Said("user", Content("two")),
    ]
    assert read_messages([{"role": "function", "name": "f", "content": "1"}]) == [Said("tool", Content("1"))]


NOT_MESSAGES: list[tuple[Any, str]] = [
    (7, "messages[0]"),
    ({}, "messages[0].role"),
    ({"role": ["user"]}, "messages[0].role"),
    ({"role": "boss"}, "messages[0].role"),
    ({"role": "user", "content": 7}, "messages[0].content"),
    ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
    ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
    ({"role": "assistant", "tool_calls": [7]}, "messages[0].tool_calls[0].function"),
    ({"role": "assistant", "tool_calls": [{"function": {}}]}, "messages[0].tool_calls[0].id"),
    ({"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]}, "messages[0].tool_calls[0].function.name"),
]


@pytest.mark.parametrize(("message", "param"), NOT_MESSAGES)
def test_what_is_no_message_is_named(message: Any, param: str) -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    with pytest.raises(ParameterError) as caught:
        read_messages([message])
    assert caught.value.param == param


def test_a_new_session_is_asked_the_whole_conversation() -> None:
    """Promise: docs/openai.md, conversations (in the form that users of the provider know)."""
    assert ask(read_messages(TALK), goes_on=False) == Asked(
        "User: one\nAssistant: [calls f with {}]\nTool: 1\nAssistant: It is 1.\nUser: two\nAssistant:",
        "Be kind.\n\nBe brief.",
        has_history=True,
    )
    assert ask(read_messages([{"role": "user", "content": "one"}]), goes_on=False) == Asked("one")


def test_a_session_that_goes_on_is_asked_what_is_new() -> None:
    """Promise: docs/openai.md, conversations (what comes after the assistant's last message)."""
    more = [*TALK, {"role": "user", "content": "three"}]
    assert ask(read_messages(more), goes_on=True) == Asked("two\n\nthree", "Be kind.\n\nBe brief.")
    assert ask(read_messages(TALK[2:3]), goes_on=True) == Asked("one")


def test_images_belong_to_what_is_asked() -> None:
    """Promise: docs/openai.md, messages (images of the messages that are asked, in their order)."""
    old, new = Image(url="https://a.example/1"), Image(url="https://a.example/2")
    talk = [
        Said("user", Content("a", (old,))),
        Said("assistant", Content("b")),
        Said("user", Content("", (new,))),
    ]
    assert ask(talk, goes_on=True).images == (new,)
    assert ask(talk, goes_on=True).prompt
    assert ask(talk, goes_on=False).images == (old, new)


@pytest.mark.parametrize("goes_on", [True, False])
def test_somebody_has_to_ask_something(*, goes_on: bool) -> None:
    """Promise: docs/openai.md, errors (400 where there is nothing to answer)."""
    for talk in ([], [Said("system", Content("x"))], [Said("user", Content(" \n"))]):
        with pytest.raises(ParameterError) as caught:
            ask(talk, goes_on=goes_on, param="input")
        assert caught.value.param == "input"
    with pytest.raises(ParameterError):
        ask(read_messages(TALK[:-1]), goes_on=True)


def test_a_prompt_has_a_greatest_length() -> None:
    """Promise: docs/service.md, prompts (1 to 1,000,000 characters)."""
    most = "x" * MAX_PROMPT_CHARACTERS
    assert ask([Said("user", Content(most))], goes_on=False).prompt == most
    for talk in (
        [Said("user", Content(most + "x"))],
        [Said("system", Content(most + "x")), Said("user", Content("x"))],
    ):
        with pytest.raises(ParameterError) as caught:
            ask(talk, goes_on=False)
        assert caught.value.code == "context_length_exceeded"


def test_results_are_those_that_the_conversation_ends_with() -> None:
    """Promise: docs/openai.md, tools (the last messages name the turn that waits)."""
    one, two = Said("tool", Content("1"), call_id="a"), Said("tool", Content("2"), call_id="b")
    assert list(tool_results([one, Said("assistant"), one, two]).items()) == [("a", "1"), ("b", "2")]
    assert tool_results([one, Said("user", Content("x"))]) == {}
    assert tool_results([Said("tool", Content("1"))]) == {}
    assert tool_results([]) == {}
    assert tool_results([Said("tool", Content("0"), call_id="a"), one]) == {"a": "1"}
