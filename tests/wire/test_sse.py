"""Server-sent events."""

from __future__ import annotations

import pytest

from robocoders.wire.sse import SSE_HEARTBEAT, encode_sse


def test_an_event_carries_its_id() -> None:
    """WHATWG HTML, section 9.2: a reader gives the last `id` back as Last-Event-ID."""
    assert encode_sse(b'{"id": 7}', 7) == b'id: 7\ndata: {"id": 7}\n\n'
    assert SSE_HEARTBEAT.startswith(b":")


@pytest.mark.parametrize("body", [b"a\nb", b"a\rb"])
def test_a_line_end_would_end_the_field(body: bytes) -> None:
    """WHATWG HTML, section 9.2: LF and CR end a field."""
    with pytest.raises(ValueError, match="line end"):
        encode_sse(body, 1)
