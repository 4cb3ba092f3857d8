"""Answers that are streams of lines: flushed line by line, never silent, ended when the reader goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from starlette.responses import Response

from robocoders.wire.sse import SSE_HEARTBEAT

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["NDJSON_MEDIA_TYPE", "SSE_MEDIA_TYPE", "LineStream"]

NDJSON_MEDIA_TYPE = "application/x-ndjson"
SSE_MEDIA_TYPE = "text/event-stream"

_LAST_WORD_SECONDS = 0.3
"""How long a stream that is told to end waits for what is just being written."""


class LineStream(Response):
    """A stream of lines with a heartbeat.

    A blank line (for server-sent events a comment) is sent whenever nothing else was for `heartbeat_seconds`: it is
    harmless to every client, also in front of a single JSON object (protocol fact). When the reader goes away, `parts`
    is closed, and only that.

    Args:
        parts: The encoded lines, line ends included.
        heartbeat_seconds: The longest silence.
        ending: Set when the server stops: the stream then ends after what is there. None: it ends by itself.
        sse: Whether the parts are server-sent events.
    """

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        *,
        heartbeat_seconds: float,
        ending: asyncio.Event | None = None,
        sse: bool = False,
    ) -> None:
        media_type = f"{SSE_MEDIA_TYPE}; charset=utf-8" if sse else NDJSON_MEDIA_TYPE
        self.status_code = 200
        self.background = None
        # Proxies are asked to keep nothing back and nothing for later.
        self.init_headers(
            {"Content-Type": media_type, "Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}
        )
        self._parts = parts
        self._heartbeat = SSE_HEARTBEAT if sse else b"\n"
        self._heartbeat_seconds = heartbeat_seconds
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        streaming = asyncio.ensure_future(self._stream(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
        finally:
            streaming.cancel()
            leaving.cancel()
            await asyncio.gather(streaming, leaving, return_exceptions=True)
            await self._parts.aclose()

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        coming = asyncio.ensure_future(_next(self._parts))
        told = asyncio.ensure_future(_set(self._ending)) if self._ending is not None else None
        try:
            while True:
                part = await self._wait(coming, told)
                if part is None:
                    break
                await send({"type": "http.response.body", "body": part, "more_body": True})
                if coming.done():
                    coming = asyncio.ensure_future(_next(self._parts))
        finally:
            for task in (coming, told):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait(self, coming: asyncio.Future[bytes | None], told: asyncio.Future[None] | None) -> bytes | None:
        """What to send next: a part or a heartbeat; None at the end."""
        if told is None or not told.done():
            waited_for: set[asyncio.Future[bytes | None] | asyncio.Future[None]] = {coming}
            if told is not None:
                waited_for.add(told)
            await asyncio.wait(waited_for, timeout=self._heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done() and told is not None and told.done():
            await asyncio.wait({coming}, timeout=_LAST_WORD_SECONDS)
            return coming.result() if coming.done() else None
        return coming.result() if coming.done() else self._heartbeat


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _next(parts: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(parts, None)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
