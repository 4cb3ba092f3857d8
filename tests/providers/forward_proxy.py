"""A small HTTP proxy on loopback: it forwards plain requests and tunnels, wherever they want to go, to one server."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 10.0


class ForwardProxy:
    """A context manager that listens from its beginning to its end.

    Args:
        target: The address of the server that stands for every other; None refuses every tunnel with status 503.

    Attributes:
        url: Its address.
        heads: The first line of each connection's first request.
    """

    def __init__(self, target: str | None) -> None:
        self.url = ""
        self.heads: list[str] = []
        self._target = None if target is None else urlsplit(target)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name="forward-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_PATIENCE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_SECONDS)

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        listening = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        listening.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first_line = head.partition(b"\r\n")[0].decode()
            self.heads.append(first_line)
            is_tunnel = first_line.startswith("CONNECT ")
            if self._target is None:
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                return
            inner = await asyncio.open_connection(self._target.hostname, self._target.port)
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                inner[1].write(head)
            await asyncio.gather(_pipe(reader, inner[1]), _pipe(inner[0], writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The caller went away, or the test is over.
            return
        finally:
            writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()
