"""A conversation as one prompt."""

from __future__ import annotations

from typing import Any

import pytest

from robocoders.wire.prompts import prompt_from_messages

PARTS: list[Any] = [{"type": "text", "text": "one"}, "two", {"type": "image_url", "image_url": {}}, {"text": 3}, 4]


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        ([{"role": "user", "content": "Hello, how are you?"}], ("Hello, how are you?", False)),
        ([{"role": "user", "content": PARTS}], ("one\ntwo", False)),
        ([{"role": "user", "content": None}], ("", False)),
        ([], ("", False)),
        (
            [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}, {"content": ""}],
            ("System: Be brief\nUser: Hi\nAssistant:", True),
        ),
        ([{"role": "user", "content": ""}, {"role": "user", "content": None}], ("", False)),
    ],
)
def test_messages_are_formatted_as_users_know_it(messages: list[dict[str, Any]], prompt: tuple[str, bool]) -> None:
    """Promise: one message is its content; several are `Role: content` lines, then `Assistant:`."""
    assert prompt_from_messages(messages) == prompt
