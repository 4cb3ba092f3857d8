"""Events from and to lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.errors import InvalidLineError
from robocoders.events import (
    Event,
    MessageAction,
    MessageArgs,
    ReadObservation,
    RunAction,
    RunArgs,
    TextDelta,
    TextReset,
    UnknownEvent,
)
from robocoders.wire.codec import (
    decode_event,
    encode_delta,
    encode_event,
    encode_reset,
    event_object,
    format_timestamp,
)
from tests.wire.strategies import events, json_values

CAPTURED = (
    b'{"id": 3, "timestamp": "2024-11-15T10:00:00.123456", "source": "agent", "message": "Hi \\u00e9", '
    b'"action": "message", "args": {"content": "Hi \\u00e9", "wait_for_response": true, "extras": {}}, '
    b'"sid": "0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11"}'
)


def event(line: bytes) -> Event:
    """Return the event of a line that is one."""
    item = decode_event(line)
    assert isinstance(item, Event)
    return item


@given(events)
def test_every_event_survives_the_wire(sent: Event) -> None:
    """Promise: what is written is read again, field by field."""
    line = encode_event(sent)

    came = event(line)

    assert came.raw == line
    assert event_object(came) == event_object(sent)
    assert (came.name, came.text) == (sent.name, sent.text)


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "action", "observation", "args", "extras", "message", "delta_of", "reset", "offset", "text", "cause"]
        ),
        json_values | st.sampled_from(["message", "run", "read", "dance", {"content": 1}, {"wait_for_response": "x"}]),
    )
)
def test_no_object_is_lost(fields: dict[str, Any]) -> None:
    """Promise: an unknown event, or a known one of unknown shape, keeps all it had."""
    try:
        came = decode_event(json.dumps(fields).encode())
    except InvalidLineError:
        assert not fields.keys() & {"id", "message"}
        return

    if isinstance(came, Event):
        assert event_object(came) == json.loads(json.dumps(fields))
        assert isinstance(came.text, str)
        assert "content" not in repr(came)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_event_are_named_as_such(line: bytes) -> None:
    """Promise: nothing but the documented error."""
    try:
        item = decode_event(line)
    except InvalidLineError:
        return
    assert isinstance(item, Event | TextDelta | TextReset)


@pytest.mark.parametrize("line", [b"null", b"[]", b'"x"', b"1", b"{", b"", b"<html>", b"[" * 100_000])
def test_a_line_that_is_no_object_is_told_without_its_content(line: bytes) -> None:
    """Promise: an error never holds what was said."""
    with pytest.raises(InvalidLineError, match=f"a line of {len(line)} bytes is"):
        decode_event(line)


@pytest.mark.parametrize("line", [b'{"detail": "no"}', b"{}", b'{"action": 7}', b'{"delta_of": 4, "offset": "x"}'])
def test_an_object_that_is_no_event_is_none(line: bytes) -> None:
    """Promise: an answer that says something else is never taken for an empty one."""
    with pytest.raises(InvalidLineError, match="no event"):
        decode_event(line)


def test_a_line_is_written_as_the_original_wrote_it() -> None:
    """Protocol fact: key order, separators and escapes of the captured stream."""
    sent = MessageAction(
        id=3,
        timestamp="2024-11-15T10:00:00.123456",
        message="Hi é",
        args=MessageArgs(content="Hi é", wait_for_response=True),
        sid="0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11",
    )

    assert encode_event(sent) == CAPTURED
    assert event(CAPTURED) != sent
    assert event_object(event(CAPTURED)) == event_object(sent)


def test_an_observation_names_its_cause_before_its_content() -> None:
    """Protocol fact: keys id, timestamp, source, message, cause, observation, content, extras, sid."""
    sent = ReadObservation(id=2, timestamp="t", message="m", cause=1, content="c", sid="s")

    assert list(json.loads(encode_event(sent))) == [
        "id", "timestamp", "source", "message", "cause", "observation", "content", "extras", "sid",
    ]  # fmt: skip


def test_known_actions_are_typed() -> None:
    """Promise: known actions and observations have types."""
    run = event(b'{"id": 4, "action": "run", "args": {"command": "ls", "new": 1}, "tool": {}}')

    assert isinstance(run, RunAction)
    assert run.args == RunArgs(command="ls")
    assert event_object(run)["args"] == {"command": "ls", "new": 1}


def test_unknown_event_reaches_the_user() -> None:
    """Promise: a closed list of names loses data; ours is open."""
    came = event(b'{"id": 5, "action": "dance", "args": {"steps": 3}, "message": "la"}')

    assert isinstance(came, UnknownEvent)
    assert (came.id, came.name, came.text, came.object["args"]) == (5, "dance", "la", {"steps": 3})
    assert encode_event(came) == came.raw
    assert encode_event(UnknownEvent(kind="dance", object={"action": "dance", "sid": "a"}, sid="b")) == (
        b'{"action": "dance", "source": "agent", "message": "", "sid": "b"}'
    )


@pytest.mark.parametrize("args", [b"null", b"[]", b'"x"', b'{"wait_for_response": true, "content": 7}'])
def test_a_known_event_of_unknown_shape_is_still_that_event(args: bytes) -> None:
    """Protocol fact: `args` may be missing or no object."""
    came = event(b'{"id": "odd", "action": "message", "message": "told", "args": ' + args + b"}")

    assert isinstance(came, MessageAction)
    assert came.id is None
    assert came.text == "told"
    assert came.args.wait_for_response is (args[:1] == b"{")


def test_an_observation_of_unknown_shape_is_still_that_observation() -> None:
    """Protocol fact: fields come and go between versions."""
    came = event(b'{"observation": "read", "content": null, "cause": 4.5, "extras": {"path": "a"}, "message": "m"}')

    assert isinstance(came, ReadObservation)
    assert (came.cause, came.extras.path, came.text) == (None, "a", "m")
    assert isinstance(event(b'{"observation": "read", "content": "c", "message": 1}'), ReadObservation)


def test_an_event_without_a_name_keeps_its_message() -> None:
    """Protocol fact: clients of the original read `message` of any line."""
    came = event(b'{"message": "plain", "action": 7}')

    assert (came.name, came.text) == ("", "plain")


def test_the_reason_is_read_from_a_waiting_message_only() -> None:
    """Protocol fact: `args.extras` of the waiting message is the extension point."""
    line = b'{"action": "message", "args": {"wait_for_response": %s, "extras": {"reason": %s}}}'

    reasons = [event(line % values) for values in ((b"true", b'"finished"'), (b"true", b"1"), (b"false", b'"x"'))]

    assert [came.reason for came in reasons if isinstance(came, MessageAction)] == ["finished", None, None]


def test_live_text_and_its_withdrawal_are_no_events() -> None:
    """Promise: deltas have no id of their own."""
    assert decode_event(b'{"delta_of": 4, "offset": 2, "text": "ab"}') == TextDelta(delta_of=4, offset=2, text="ab")
    assert decode_event(b'{"delta_of": 4, "reset": true}') == TextReset(delta_of=4)
    assert isinstance(decode_event(b'{"delta_of": 4, "offset": "x", "message": "m"}'), UnknownEvent)


def test_what_strict_readers_refuse_is_read_as_far_as_it_goes() -> None:
    """Promise: an event is not thrown away for a lone surrogate, NaN or a bad byte."""
    came = event(b'{"id": 1, "action": "message", "args": {"content": "\\ud800 \xff"}, "cost": NaN}')

    assert came.text == "\ufffd \ufffd"
    assert event_object(came)["cost"] is None


def test_a_lone_surrogate_is_never_written() -> None:
    """Promise: every line of ours can be read by a strict reader."""
    line = encode_event(MessageAction(message="a\ud800b \ud83d\ude00"))

    assert event(line).text == "a\ufffdb 😀"


def test_a_number_that_json_lacks_is_refused() -> None:
    """RFC 8259, section 6: infinity and not-a-number are not permitted."""
    with pytest.raises(ValueError, match="JSON"):
        encode_event(MessageAction(args=MessageArgs(extras={"cost": float("inf")})))


def test_times_are_written_as_the_original_did() -> None:
    """Protocol fact: naive ISO 8601 with microseconds."""
    assert format_timestamp(1_731_664_800_123_456) == "2024-11-15T10:00:00.123456"
    assert format_timestamp(0) == "1970-01-01T00:00:00.000000"


def test_a_very_long_event_is_read() -> None:
    """Promise: a 64 MiB event passes."""
    text = "x" * (64 * 1024 * 1024)

    assert event(encode_event(MessageAction(args=MessageArgs(content=text)))).text == text


def test_live_text_is_written_as_it_is_read() -> None:
    """Promise: live text, its lines: `delta_of`, `offset` and `text`, or `delta_of` and `reset`."""
    delta, reset = TextDelta(delta_of=4, offset=2, text='"é\n'), TextReset(delta_of=4)
    assert encode_delta(delta) == b'{"delta_of": 4, "offset": 2, "text": "\\"\\u00e9\\n"}'
    assert encode_reset(reset) == b'{"delta_of": 4, "reset": true}'
    assert [decode_event(encode_delta(delta)), decode_event(encode_reset(reset))] == [delta, reset]
    assert encode_delta(TextDelta(delta_of=4, offset=0, text="\ud83d")) == (
        b'{"delta_of": 4, "offset": 0, "text": "\\ufffd"}'
    )
