from __future__ import annotations

from typing import Any

import pytest

from robocoders.wire.openai.conversation import ask, tool_results
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.responses_input import input_items, read_input
from robocoders.wire.openai.responses_objects import deleted_response

DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACw="

ITEMS: list[Any] = [
    {"role": "developer", "content": "Be brief."},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Sea?"}]},
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "wet"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Wet.", "annotations": []}]},
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "And this?", "image_url": {"odd": 1}, "refusal": 7},
            {"type": "input_image", "image_url": DOT, "detail": "auto"},
            {"type": "input_image", "image_url": {"url": "https://example.com/a.png"}},
            "plainly",
        ],
    },
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "dry"}]},
    {"role": "user", "content": None},
]


def test_a_text_is_what_the_user_says() -> None:
    """Protocol fact: OpenAI's API reference, `input` is a text or a list of items."""
    assert ask(read_input("Hello"), goes_on=False).prompt == "Hello"
    assert input_items("Hello", "0a") == [
        {
            "id": "msg_0a0000",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "Hello"}],
        }
    ]


def test_items_are_a_conversation() -> None:
    """Protocol fact: OpenAI's API reference, input items; developers count as the system."""
    said = read_input(ITEMS)
    assert [one.role for one in said] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert said[2].calls[0].name == "weather"
    assert said[5].content.images[1].url == "https://example.com/a.png"
    assert said[5].content.text == "And this?\nplainly"
    assert tool_results(said[:4]) == {"call_1": "wet"}


def test_input_is_shown_again_without_the_data_of_images() -> None:
    """Promise: docs/openai.md, `GET /v1/responses/{id}/input_items`."""
    shown = input_items(ITEMS, "0a")
    assert [one["id"] for one in shown][:5] == ["msg_0a0000", "msg_0a0001", "rs_0a0002", "fc_0a0003", "fco_0a0004"]
    assert shown[6]["content"][1]["image_url"] == "data:,"
    assert shown[6]["content"][2]["image_url"] == "https://example.com/a.png"
    assert shown[7]["content"] == [{"type": "output_text", "text": "No.", "annotations": []}]
    assert shown[8]["output"] == [{"type": "input_text", "text": "dry"}]
    assert shown[9]["content"] == []


REFUSED: list[tuple[Any, str]] = [
    (7, "input"),
    (None, "input"),
    (["text"], "input[0]"),
    ([{"role": "nobody", "content": ""}], "input[0].role"),
    ([{"role": ["user"], "content": ""}], "input[0].role"),
    ([{"role": "user", "content": 7}], "input[0].content"),
    ([{"type": "item_reference", "id": "x"}], "input[0].type"),
    ([{"type": {}}], "input[0].type"),
    ([{"type": "function_call", "call_id": "call_1", "name": "weather"}], "input[0].arguments"),
    ([{"type": "function_call_output", "call_id": "call_1"}], "input[0].output"),
    ([{"type": "function_call_output", "output": ""}], "input[0].call_id"),
]


@pytest.mark.parametrize(("value", "param"), REFUSED)
def test_an_input_of_another_form_is_refused_by_its_place(value: object, param: str) -> None:
    """Promise: docs/openai.md, wrong types are refused with `param`."""
    with pytest.raises(ParameterError) as caught:
        read_input(value)
    assert caught.value.param == param


def test_a_deletion_is_confirmed() -> None:
    """Protocol fact: OpenAI's API reference, deleting a response."""
    assert deleted_response("resp_0a") == {"id": "resp_0a", "object": "response", "deleted": True}
