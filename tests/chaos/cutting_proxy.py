"""A TCP proxy on loopback that cuts connections at random bytes, in both directions, and counts what came through."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Budget", "CuttingProxy", "RequestCounter", "cut_anywhere", "cut_nothing", "cutting_proxy"]

_CHUNK_BYTES = 16 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many bytes may pass before the connection is cut; None for no limit.

    Args:
        up: From the client to the server.
        down: From the server to the client.
        reset: Cut by a reset instead of an orderly end.
    """

    up: int | None = None
    down: int | None = None
    reset: bool = False


def cut_nothing() -> Budget:
    """Let everything through."""
    return Budget()


def cut_anywhere(chance: random.Random, *, up: int, down: int, spared: float) -> Callable[[], Budget]:
    """A rule that cuts every connection sooner or later, at any byte.

    Args:
        chance: Where the numbers come from.
        up: The most bytes of requests before a cut.
        down: The most bytes of answers before a cut.
        spared: The share of connections that are cut much later: at up to three times as many bytes of answers.
    """

    def budget() -> Budget:
        draw, reset = chance.random(), chance.random() < 0.5
        if draw < spared:
            return Budget(down=chance.randrange(down, 3 * down), reset=reset)
        # One cut in four hits the request, before the server has the whole of it.
        if draw < spared + (1 - spared) / 4:
            return Budget(up=chance.randrange(up), reset=reset)
        return Budget(down=chance.randrange(down), reset=reset)

    return budget


class RequestCounter:
    """Counts the requests that went through one connection whole."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self._begins: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take bytes that were passed on; return the first lines of the requests that are whole now."""
        self._seen += chunk
        whole: list[bytes] = []
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._seen, 0, end)
            size = end + 4 + (int(length[1]) if length is not None else 0)
            if len(self._seen) < size:
                break
            whole.append(bytes(self._seen[: self._seen.index(b"\r\n")]))
            del self._seen[:size]
        return whole


class CuttingProxy:
    """Passes on bytes to the server's port until a connection's budget is used up. Made by `cutting_proxy`.

    Attributes:
        port: Where it listens.
        connections: How many connections there were.
        cuts: How many of them were cut.
        requests: How many requests reached the server whole, by method and path.
    """

    def __init__(self, upstream_port: int, budget: Callable[[], Budget]) -> None:
        self.port = 0
        self.connections = 0
        self.cuts = 0
        self.requests: dict[str, int] = {}
        self._upstream_port = upstream_port
        self._budget = budget
        self._changed = asyncio.Condition()
        self._open: set[asyncio.Task[None]] = set()

    async def wait_for_connections(self, count: int) -> None:
        """Return when so many connections have been made."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.connections >= count)

    async def wait_for_cuts(self, count: int) -> None:
        """Return when so many connections have been cut."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.cuts >= count)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        async with self._changed:
            self.connections += 1
            self._changed.notify_all()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                await self._pass_on(reader, writer, self._budget())
            finally:
                _drop(writer)
                self._open.discard(task)

    async def close(self) -> None:
        """Drop all connections."""
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(tuple(self._open))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: Budget) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        counter = RequestCounter()
        try:
            directions = {
                asyncio.create_task(self._copy(reader, server_writer, budget.up, counter)),
                asyncio.create_task(self._copy(server_reader, writer, budget.down, None)),
            }
            # Whichever side ends first ends the other: neither client nor server of ours half-closes.
            try:
                done, _ = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                cut = any(task.exception() is None and task.result() for task in done)
            finally:
                for task in directions:
                    task.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
            if cut:
                if budget.reset:
                    _reset_at_close(writer)
                async with self._changed:
                    self.cuts += 1
                    self._changed.notify_all()
        finally:
            _drop(server_writer)

    async def _copy(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        left: int | None,
        counter: RequestCounter | None,
    ) -> bool:
        """Copy until the end or until the budget is used up; return whether it was."""
        if left == 0:
            return True
        while chunk := await source.read(_CHUNK_BYTES):
            kept = chunk if left is None else chunk[:left]
            target.write(kept)
            await target.drain()
            if counter is not None:
                for line in counter.feed(kept):
                    name = line.decode("latin-1").rsplit(" ", 1)[0].partition("?")[0]
                    self.requests[name] = self.requests.get(name, 0) + 1
            if left is not None:
                left -= len(kept)
                if left <= 0:
                    return True
        return False


def _reset_at_close(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)


def _drop(writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def cutting_proxy(upstream_port: int, budget: Callable[[], Budget] = cut_nothing) -> AsyncGenerator[CuttingProxy]:
    """Run a proxy in front of a port until the block ends.

    Args:
        upstream_port: The server's port on loopback.
        budget: Called once a connection.
    """
    proxy = CuttingProxy(upstream_port, budget)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = int(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
