"""Events from and to the lines of the wire.

Written in the original's key order and with Python's default JSON separators and escapes, so that a line is byte for
byte what the original would have sent (protocol fact).
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any, Union, cast

import msgspec

from robocoders.errors import InvalidLineError
from robocoders.events import (
    ACTIONS,
    OBSERVATIONS,
    Action,
    Event,
    Observation,
    TextDelta,
    TextReset,
    UnknownEvent,
)
from robocoders.wire.lenient_json import read_json, without_lone_surrogates

__all__ = [
    "StreamItem",
    "decode_event",
    "encode_delta",
    "encode_event",
    "encode_reset",
    "event_object",
    "format_timestamp",
]

StreamItem = Event | TextDelta | TextReset
"""What a line of a stream can be."""

# pyright cannot see through a union made at run time.
_action_decoder = msgspec.json.Decoder(cast("type[Action]", Union[ACTIONS]))  # noqa: UP007 - made at run time
_observation_decoder = msgspec.json.Decoder(cast("type[Observation]", Union[OBSERVATIONS]))  # noqa: UP007 - made at run time
_named_actions: dict[str, type[Action]] = {str(kind.__struct_config__.tag): kind for kind in ACTIONS}
_named_observations: dict[str, type[Observation]] = {str(kind.__struct_config__.tag): kind for kind in OBSERVATIONS}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode_event(line: bytes) -> StreamItem:
    """Return the event of one line; an unknown one, or a known one of unknown shape, keeps all it had.

    Raises:
        InvalidLineError: The line is no JSON object, or one without name, id and message.
    """
    try:
        event: Event = _action_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # An action is what nearly every line is. The rest may take the longer way.
        return _decode_other(line)
    msgspec.structs.force_setattr(event, "raw", line)
    return event


def _decode_other(line: bytes) -> StreamItem:
    try:
        event: Event = _observation_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        item = _from_object(_decode_object(line))
        if not isinstance(item, Event):
            return item
        event = item
    msgspec.structs.force_setattr(event, "raw", line)
    return event


def _decode_object(line: bytes) -> dict[str, Any]:
    try:
        value = read_json(line)
    except ValueError as error:
        raise InvalidLineError(f"a line of {len(line)} bytes is no JSON") from error
    if not isinstance(value, dict):
        raise InvalidLineError(f"a line of {len(line)} bytes is JSON but no object")
    return cast("dict[str, Any]", value)


def _from_object(fields: dict[str, Any]) -> StreamItem:
    """Read an object that fits no type as it is: what has the right type is taken, the rest stays in the object."""
    if "action" not in fields and "observation" not in fields and _is_integer(fields.get("delta_of")):
        delta = _delta(fields)
        if delta is not None:
            return delta
    envelope: dict[str, Any] = {
        "id": fields.get("id") if _is_integer(fields.get("id")) else None,
        "cause": fields.get("cause") if _is_integer(fields.get("cause")) else None,
        **{
            name: fields[name] if isinstance(fields.get(name), str) else None for name in ("timestamp", "source", "sid")
        },
        "message": fields["message"] if isinstance(fields.get("message"), str) else None,
    }
    action, observation = fields.get("action"), fields.get("observation")
    if isinstance(action, str) and action in _named_actions:
        kind = _named_actions[action]
        return kind(**envelope, **_fitting(kind, "args", fields))
    if isinstance(observation, str) and observation in _named_observations and action is None:
        kind = _named_observations[observation]
        content = fields.get("content")
        return kind(**envelope, content=content if isinstance(content, str) else "", **_fitting(kind, "extras", fields))
    name = action if isinstance(action, str) else observation if isinstance(observation, str) else ""
    if not name and not fields.keys() & {"id", "message"}:
        raise InvalidLineError("a line is a JSON object but no event")
    return UnknownEvent(**envelope, kind=name, object=fields)


def _delta(fields: dict[str, Any]) -> TextDelta | TextReset | None:
    if fields.get("reset") is True:
        return TextReset(delta_of=fields["delta_of"])
    if _is_integer(fields.get("offset")) and isinstance(fields.get("text"), str):
        return TextDelta(delta_of=fields["delta_of"], offset=fields["offset"], text=fields["text"])
    return None


def _fitting(kind: type[Event], place: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return `{place: struct}` with the fields of `fields[place]` that have the type the struct wants."""
    given = fields.get(place)
    if not isinstance(given, dict):
        return {}
    values = cast("dict[str, Any]", given)
    wanted = next(field for field in msgspec.structs.fields(kind) if field.name == place).type
    taken: dict[str, Any] = {}
    for field in msgspec.structs.fields(wanted):
        if field.name in values:
            try:
                taken[field.name] = msgspec.convert(values[field.name], field.type)
            except msgspec.ValidationError:
                continue
    return {place: wanted(**taken)}


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def event_object(event: Event) -> dict[str, Any]:
    """Return the event as the object the wire carries, keys in the original's order.

    An event that was read from a line is given back as it was read.
    """
    if event.raw:
        return _decode_object(event.raw)
    fields: dict[str, Any] = {
        "id": event.id,
        "timestamp": event.timestamp,
        "source": event.source,
        "message": event.message,
        "cause": event.cause,
    }
    present = {name: value for name, value in fields.items() if value is not None}
    if isinstance(event, Action):
        present |= {"action": event.name, "args": msgspec.to_builtins(getattr(event, "args"))}  # noqa: B009 - each action declares its own type of args
    elif isinstance(event, Observation):
        extras = msgspec.to_builtins(getattr(event, "extras"))  # noqa: B009 - each observation declares its own type of extras
        present |= {"observation": event.name, "content": event.content, "extras": extras}
    else:
        present = {**getattr(event, "object", {}), **present}
        present.pop("sid", None)
    return present if event.sid is None else {**present, "sid": event.sid}


def encode_event(event: Event) -> bytes:
    """Return the event as one line without its line end.

    Raises:
        ValueError: The event holds a number that JSON has no way to write (infinity, not-a-number).
    """
    if event.raw:
        return event.raw
    return _encode_object(event_object(event))


def encode_delta(delta: TextDelta) -> bytes:
    """Return a piece of live text as one line without its line end."""
    return _encode_object({"delta_of": delta.delta_of, "offset": delta.offset, "text": delta.text})


def encode_reset(reset: TextReset) -> bytes:
    """Return the withdrawal of a live text as one line without its line end."""
    return _encode_object({"delta_of": reset.delta_of, "reset": True})


def _encode_object(fields: dict[str, Any]) -> bytes:
    line = json.dumps(fields, allow_nan=False)
    if "\\ud" in line:
        # Halves of surrogate pairs: a lone one would make a line that no strict reader takes.
        line = json.dumps(json.loads(without_lone_surrogates(json.dumps(fields, ensure_ascii=False))))
    return line.encode("ascii")


def format_timestamp(time_us: float) -> str:
    """Return UTC microseconds since 1970 as the wire writes times: naive ISO 8601 with six digits of fraction."""
    moment = _EPOCH + timedelta(microseconds=math.floor(time_us))
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")
