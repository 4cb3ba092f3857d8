"""Lines short enough for old clients."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.events import MessageAction, MessageArgs
from robocoders.wire.capping import cap_line
from robocoders.wire.codec import encode_event
from tests.wire.strategies import json_values


def message(text: str) -> bytes:
    return encode_event(MessageAction(id=1, message=text, args=MessageArgs(content=text, wait_for_response=True)))


def test_a_short_line_is_left_as_it_is() -> None:
    """Promise: only lines over the limit are changed."""
    body = message("short")

    assert cap_line(body) is body


@pytest.mark.parametrize("text", ["x" * 300_000, "é" * 100_000, "😀" * 50_000])
def test_a_long_line_is_cut_and_marked(text: str) -> None:
    """Protocol fact: old clients break on lines above 131,072 bytes; ours stay within 65,536."""
    capped = cap_line(message(text))

    assert 16_000 < len(capped) < 65_536
    event = json.loads(capped)
    assert event["args"]["content"].startswith(text[:1_000])
    assert "[cut: " in event["args"]["content"]
    assert event["args"]["wait_for_response"] is True


def test_many_short_values_leave_the_envelope() -> None:
    """Promise: the limit holds whatever the event holds."""
    body = json.dumps({"id": 7, "action": "message", "args": {"list": list(range(20_000))}, "sid": "s"}).encode()
    observation = body.replace(b'"action"', b'"observation"')

    assert json.loads(cap_line(body)) == {"id": 7, "action": "message", "args": {}, "sid": "s"}
    assert json.loads(cap_line(observation))["extras"] == {}


def test_an_envelope_too_wide_keeps_who_it_is() -> None:
    """Promise: id and name are never lost."""
    body = json.dumps({"id": 7, "action": "message"} | {f"field{n}": n for n in range(5_000)}).encode()

    assert json.loads(cap_line(body)) == {"id": 7, "action": "message"}


@given(st.dictionaries(st.text(max_size=9), json_values | st.text(min_size=200, max_size=900), max_size=9))
def test_any_line_is_capped(fields: dict[str, Any]) -> None:
    """Promise: no line of the plain stream is above the limit, and each is JSON."""
    capped = cap_line(json.dumps({"id": 1, "action": "x", **fields}).encode(), 512)

    assert len(capped) < 512
    assert isinstance(json.loads(capped), dict)
