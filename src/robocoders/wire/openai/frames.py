"""Frames of a stream: server-sent events whose data is one JSON object.

Form: WHATWG HTML, section 9.2, "Server-sent events"; `[DONE]` at the end is OpenAI's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["DONE_FRAME", "data_frame", "named_frame"]

DONE_FRAME: Final = b"data: [DONE]\n\n"
"""What ends a stream of chat completions."""


def data_frame(value: Mapping[str, Any]) -> bytes:
    """An object as one frame."""
    return b"data: %s\n\n" % _encoded(value)


def named_frame(value: Mapping[str, Any]) -> bytes:
    """An object as one frame whose event name is the object's `type`, as streams of responses have it."""
    return b"event: %s\ndata: %s\n\n" % (str(value["type"]).encode(), _encoded(value))


def _encoded(value: Mapping[str, Any]) -> bytes:
    # ASCII: no reader can cut a character in two, and no line end of any alphabet stands in it.
    return json.dumps(value, separators=(",", ":")).encode("ascii")
