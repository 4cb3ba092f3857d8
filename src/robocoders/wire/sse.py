"""Server-sent events: how an event of the log is written for readers that ask for `text/event-stream`.

Form: WHATWG HTML, section 9.2, "Server-sent events".
"""

from __future__ import annotations

from typing import Final

__all__ = ["SSE_HEARTBEAT", "encode_sse"]

SSE_HEARTBEAT: Final = b": heartbeat\n\n"
"""A comment, which every reader skips."""


def encode_sse(body: bytes, event_id: int) -> bytes:
    """Return one encoded event as a server-sent event whose id a reader gives back as `Last-Event-ID`.

    Raises:
        ValueError: `body` holds a line feed or carriage return, which would end its field.
    """
    if b"\n" in body or b"\r" in body:
        raise ValueError("an encoded event holds no line end")
    return b"id: %d\ndata: %s\n\n" % (event_id, body)
