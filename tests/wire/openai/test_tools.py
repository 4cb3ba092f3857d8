from __future__ import annotations

from typing import Any

import pytest

from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.openai.tools import MOST_TOOLS, read_tool_choice, read_tools
from robocoders.wire.wishes import ClientTool

FULL: dict[str, Any] = {"name": "f", "description": "D", "parameters": {"type": "object"}, "strict": True}


def test_tools_are_read_in_both_forms() -> None:
    """Fact: OpenAI's API reference, `tools`: nested in chat completions, flat in responses."""
    full = ClientTool("f", "D", {"type": "object"}, strict=True)
    assert read_tools([{"type": "function", "function": FULL}], nested=True) == (full,)
    assert read_tools([{"type": "function", **FULL}], nested=False) == (full,)
    bare = [{"type": "function", "function": {"name": "f", "description": None, "parameters": None, "strict": None}}]
    assert read_tools(bare, nested=True) == (ClientTool("f"),)
    assert read_tools(None, nested=True) == read_tools([], nested=True) == ()


def test_tools_that_are_no_functions_are_left_out() -> None:
    """Promise: docs/openai.md, tools (what OpenAI would carry out itself is not there)."""
    assert read_tools([{"type": "web_search"}, {"type": "function", "function": FULL}], nested=True) == (
        ClientTool("f", "D", {"type": "object"}, strict=True),
    )


NOT_TOOLS: list[tuple[Any, str]] = [
    ({}, "tools"),
    ([7], "tools[0]"),
    ([{}], "tools[0].type"),
    ([{"type": "function"}], "tools[0].function"),
    ([{"type": "function", "function": {}}], "tools[0].function.name"),
    ([{"type": "function", "function": {"name": "a b"}}], "tools[0].function.name"),
    ([{"type": "function", "function": {"name": "x" * 65}}], "tools[0].function.name"),
    ([{"type": "function", "function": {"name": "a", "description": 7}}], "tools[0].function.description"),
    ([{"type": "function", "function": {"name": "a", "parameters": []}}], "tools[0].function.parameters"),
    ([{"type": "function", "function": {"name": "a", "strict": "yes"}}], "tools[0].function.strict"),
    ([{"type": "function", "function": {"name": "a"}}] * 2, "tools[1]"),
    ([{"type": "function", "function": {"name": f"a{n}"}} for n in range(MOST_TOOLS + 1)], "tools"),
]


@pytest.mark.parametrize(("value", "param"), NOT_TOOLS)
def test_what_is_no_tool_is_named(value: Any, param: str) -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    with pytest.raises(ParameterError) as caught:
        read_tools(value, nested=True)
    assert caught.value.param == param


def test_a_choice_is_a_word_or_a_name() -> None:
    """Fact: OpenAI's API reference, `tool_choice`, in the words of both dialects."""
    assert [read_tool_choice(value, {"f"}) for value in (None, "auto", "none", "required")] == [
        "auto",
        "auto",
        "none",
        "required",
    ]
    assert read_tool_choice({"type": "function", "function": {"name": "f"}}, {"f"}) == "f"
    assert read_tool_choice({"type": "function", "name": "f"}, {"f"}) == "f"
    assert read_tool_choice("none", ()) == "none"


@pytest.mark.parametrize(
    "value",
    [
        "f",
        7,
        {},
        {"type": "function"},
        {"type": "function", "name": "g"},
        {"type": "allowed_tools", "name": "f"},
        {"type": "function", "function": {"name": 7}},
    ],
)
def test_what_is_no_choice_is_refused(value: Any) -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    with pytest.raises(ParameterError) as caught:
        read_tool_choice(value, {"f"})
    assert caught.value.param == "tool_choice"


def test_no_tool_can_be_required_where_there_is_none() -> None:
    """Promise: docs/openai.md, errors (400 with `param`)."""
    with pytest.raises(ParameterError, match="none is offered"):
        read_tool_choice("required", ())
