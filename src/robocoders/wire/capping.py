"""Lines short enough for old clients.

The plain stream carries no line above a limit, since clients of the original stop reading there (protocol fact). The
whole event stays in the log and on `?events=all`.
"""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from robocoders.wire.protocol import PLAIN_LINE_LIMIT_BYTES

__all__ = ["cap_line"]

_SMALLEST_CUT = 64
"""Characters that a cut string keeps at the least; shorter strings are left alone."""


def cap_line(body: bytes, limit_bytes: int = PLAIN_LINE_LIMIT_BYTES) -> bytes:
    """Return an encoded event that with its line end takes at most `limit_bytes`.

    Args:
        body: One encoded event without a line end, a JSON object.
        limit_bytes: The limit, line end included.

    Returns:
        `body` itself where it is short enough, else the event with its longest strings cut; each says how many
        characters are missing. If that is not enough, what is no string of the envelope is left out.
    """
    if len(body) < limit_bytes:
        return body
    event = msgspec.json.decode(body, type=dict[str, Any])
    longest = 2 * len(body)
    while longest > _SMALLEST_CUT:
        longest //= 2
        short = json.dumps(_cut(event, longest)).encode("ascii")
        if len(short) < limit_bytes:
            return short
    return _envelope(event, limit_bytes)


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return _cut_text(value, longest)
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {_cut_text(name, longest): _cut(entry, longest) for name, entry in entries.items()}
    if isinstance(value, list):
        return [_cut(entry, longest) for entry in cast("list[Any]", value)]
    return value


def _cut_text(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    missing = len(text) - longest
    return f"{text[:longest]} [cut: {missing} characters; the whole event is in the session's log]"


def _envelope(event: dict[str, Any], limit_bytes: int) -> bytes:
    kept = {name: value for name, value in event.items() if not isinstance(value, dict | list)}
    kept["args" if "action" in event else "extras"] = {}
    body = json.dumps(_cut(kept, _SMALLEST_CUT)).encode("ascii")
    if len(body) < limit_bytes:
        return body
    named = {name: value for name, value in kept.items() if name in ("id", "action", "observation")}
    return json.dumps(_cut(named, _SMALLEST_CUT)).encode("ascii")
