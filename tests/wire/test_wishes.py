from __future__ import annotations

import json

import msgspec
import pytest

from robocoders.events import CallToolAction, CallToolArgs, ToolResultExtras, ToolResultObservation
from robocoders.wire.codec import decode_event, encode_event
from robocoders.wire.wishes import ClientTool, Image, Wishes, decode_wishes, encode_wishes


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(),
        Wishes(instructions="Grüße 🙂", tool_choice="get_weather"),
        Wishes(images=(Image(bytes(range(256)), "image/png"), Image(url="https://example.org/a.png"))),
        Wishes(tools=(ClientTool("a", "b", {"type": "object", "x": [1, None]}, strict=False),)),
    ],
)
def test_wishes_come_back_as_they_were(wishes: Wishes) -> None:
    """Promise: ours: what a prompt asks for beside its words is kept as JSON, images included."""
    encoded = encode_wishes(wishes)
    assert decode_wishes(encoded) == decode_wishes(encoded.decode()) == wishes
    assert isinstance(json.loads(encoded), dict)


def test_what_is_no_wishes_is_refused() -> None:
    """Promise: ours: what cannot be read is an error, not an empty wish."""
    with pytest.raises(msgspec.DecodeError):
        decode_wishes(b'{"images": 1}')


def test_wishes_are_in_no_repr() -> None:
    """Promise: ARCHITECTURE, invariants: no prompt is in a repr."""
    tool = ClientTool("name", "secret", {"secret": {}})
    wishes = Wishes("secret", (Image(b"secret", "image/png"), Image(url="https://secret")), (tool,))
    assert "secret" not in repr(wishes)


def test_a_call_of_the_clients_tool_and_its_result_are_events() -> None:
    """Promise: README, events: what the client is asked and what it answers is in the log like all else."""
    action = CallToolAction(
        id=1,
        message="Asks the client to run get_time",
        args=CallToolArgs(name="get_time", arguments="{}", call_id="call_1", index=1, of=2, usage={"requests": 1}),
    )
    line = encode_event(action)
    assert json.loads(line) == {
        "id": 1,
        "source": "agent",
        "message": "Asks the client to run get_time",
        "action": "call_tool",
        "args": {
            "name": "get_time",
            "arguments": "{}",
            "call_id": "call_1",
            "index": 1,
            "of": 2,
            "usage": {"requests": 1},
        },
    }
    read = decode_event(line)
    assert isinstance(read, CallToolAction)
    assert (read.args, read.is_last) == (action.args, True)
    assert not CallToolAction(args=CallToolArgs(index=0, of=2)).is_last
    result = ToolResultObservation(id=2, cause=1, content="noon", extras=ToolResultExtras(call_id="call_1"))
    again = decode_event(encode_event(result))
    assert isinstance(again, ToolResultObservation)
    assert (again.text, again.extras.call_id, again.cause) == ("noon", "call_1", 1)
