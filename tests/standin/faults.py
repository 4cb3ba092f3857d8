"""What the stand-in does instead of answering as it should."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["close", "reset", "hang"]
"""How a raw fault ends: an orderly close, a reset connection, or silence until the caller goes away."""


@dataclass(frozen=True)
class Reply:
    """A whole HTTP answer of one's own choice."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Raw:
    """Bytes put on the socket as they are, past the HTTP server, and what happens to the connection then."""

    data: bytes
    ending: Ending


@dataclass(frozen=True)
class Lost:
    """The request is carried out, and the connection reset instead of an answer."""


@dataclass(frozen=True)
class Death:
    """The server dies when it has written so much of the body, and comes back when it is told to, or at once.

    A connection's end may overtake what was written before it: with `once_read` it dies when that is set.
    """

    after_bytes: int
    comes_back: bool = False
    once_read: threading.Event | None = None


Fault = Reply | Raw | Lost | Death

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
ANNOUNCEMENT = b"Robocoders-Protocol: 1\r\nRobocoders-Idempotency: 1\r\n"


def status(code: int, detail: object = "no", **headers: str) -> Reply:
    """An error as FastAPI words it; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(code, json.dumps({"detail": detail}).encode(), {"Content-Type": "application/json", **named})


def page(text: str = "<html><body>Welcome to the hotel network</body></html>") -> Reply:
    """A page, with status 200, where data should be."""
    return Reply(200, text.encode(), {"Content-Type": "text/html"})


def body(content: bytes, content_type: str = "application/json") -> Reply:
    """A successful answer with this body."""
    return Reply(200, content, {"Content-Type": content_type})


def no_answer(ending: Ending = "reset") -> Raw:
    """The connection is closed, reset or left silent before a byte of the answer."""
    return Raw(b"", ending)


def broken(content: bytes, ending: Ending, *, announced: bool = False) -> Raw:
    """An answer whose chunked body begins with `content` and then, without its last chunk, closes, resets or hangs."""
    head = _HEAD + (ANNOUNCEMENT if announced else b"") + b"Transfer-Encoding: chunked\r\n\r\n"
    return Raw(head + (b"%x\r\n%s\r\n" % (len(content), content) if content else b""), ending)


def whole(content: bytes, *, announced: bool = False) -> Raw:
    """A chunked body that ends as it should, whatever is in it."""
    return Raw(broken(content, "close", announced=announced).data + b"0\r\n\r\n", "close")


def left_open(content: bytes) -> Raw:
    """A whole body on a connection that looks as if it were kept, but on which nothing is answered any more."""
    return Raw(whole(content).data.replace(b"Connection: close\r\n", b""), "hang")


def cut_in_chunk(content: bytes, *, announced: bool = False) -> Raw:
    """A chunk that is announced as longer than what comes before the connection closes."""
    head = _HEAD + (ANNOUNCEMENT if announced else b"") + b"Transfer-Encoding: chunked\r\n\r\n"
    return Raw(head + b"%x\r\n%s" % (len(content) + 100, content), "close")


def no_http() -> Raw:
    """Something that is not HTTP at all."""
    return Raw(b"220 mail.example.org ESMTP\r\n", "close")
