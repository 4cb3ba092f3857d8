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

_MOST_TOGETHER_BYTES = 16_384
"""So much is sent in one piece, so that many readers of long logs leave others their turn; no part is cut."""


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
        tray = _Tray()
        filling = asyncio.ensure_future(tray.fill(self._parts))
        told = asyncio.ensure_future(_set(self._ending)) if self._ending is not None else None
        try:
            while (body := await self._wait(tray, told)) is not None:
                await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            for task in (filling, told):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait(self, tray: _Tray, told: asyncio.Future[None] | None) -> bytes | None:
        """What to send next: what lies on the tray, or a heartbeat; None at the end."""
        if told is not None and told.done():
            return await tray.take(_LAST_WORD_SECONDS)
        lying = asyncio.ensure_future(tray.take(self._heartbeat_seconds))
        waited_for: set[asyncio.Future[bytes | None] | asyncio.Future[None]] = {lying}
        if told is not None:
            waited_for.add(told)
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        if not lying.done():
            lying.cancel()
            await asyncio.gather(lying, return_exceptions=True)
            return await tray.take(_LAST_WORD_SECONDS)
        if lying.result() is None and not tray.is_finished:
            return self._heartbeat
        return lying.result()


class _Tray:
    """Where parts lie until they are sent: all that are at hand leave together, so that many cost little more than one.

    Attributes:
        is_finished: Whether there is nothing more, here or to come.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size_bytes = 0
        self._is_closed = False
        self._failure: Exception | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def is_finished(self) -> bool:
        return self._is_closed and not self._parts

    async def fill(self, parts: AsyncGenerator[bytes, None]) -> None:
        """Put everything here, waiting whenever much lies here already."""
        try:
            async for part in parts:
                self._parts.append(part)
                self._size_bytes += len(part)
                self._something.set()
                while self._size_bytes >= _MOST_TOGETHER_BYTES:
                    self._room.clear()
                    await self._room.wait()
        except Exception as error:  # noqa: BLE001 - raised again where the parts are taken
            self._failure = error
        finally:
            self._is_closed = True
            self._something.set()

    async def take(self, timeout_seconds: float) -> bytes | None:
        """Wait for something to lie here and take it all; None where nothing came in time, or nothing will.

        Raises:
            Exception: What the parts ended with, after the last of them.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._something.wait()
        except TimeoutError:
            return None
        if not self._parts:
            if self._failure is not None:
                raise self._failure
            return None
        together, self._parts, self._size_bytes = b"".join(self._parts), [], 0
        if not self._is_closed:
            self._something.clear()
        self._room.set()
        return together


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
