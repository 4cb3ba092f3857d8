"""A server process to measure, and a home of its own for everything that this program keeps."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from robocoders.events import MessageAction, MessageArgs
from robocoders.store import NewTurn, Store
from tests.chaos.server_process import ServerProcess

__all__ = ["Stream", "fill", "folder_of_its_own", "new_server", "open_stream"]

_BATCH = 2000


@contextmanager
def folder_of_its_own() -> Generator[Path]:
    """A folder that is removed at the end, and in it the home of this process."""
    with tempfile.TemporaryDirectory(prefix="robocoders-bench-") as name:
        folder = Path(name)
        for variable in [one for one in os.environ if one.startswith(("XDG_", "ROBOCODERS_"))]:
            del os.environ[variable]
        os.environ["HOME"] = name
        yield folder


def new_server(folder: Path) -> ServerProcess:
    """A server whose agent answers at once; not started."""
    return ServerProcess(folder, secrets.token_urlsafe(16), "counting")


async def fill(database: Path, session_id: str, count: int) -> float:
    """Append events of some 200 bytes to a session while no server runs; returns how many a second.

    Args:
        database: The file.
        session_id: The session; it exists.
        count: How many events its log has then, the closing message included.
    """
    store = await Store.open(f"sqlite:///{database}")
    try:
        session = await store.session(session_id)
        assert session is not None
        new = NewTurn(session_id=session_id, owner=session.owner, agent="RepoAgent", model="offline", prompt="Fill")
        turn = (await store.begin_turn(new)).turn
        event = MessageAction(message="m" * 60, args=MessageArgs(content="m" * 60))
        left, began = count - 1, time.monotonic()
        while left > 0:
            await store.append(turn, [event] * min(_BATCH, left))
            left -= _BATCH
        seconds = time.monotonic() - began
        closing = MessageAction(message="Done.", args=MessageArgs(content="Done.", wait_for_response=True))
        await store.end_turn(turn, closing, reason="finished")
    finally:
        await store.close()
    return count / seconds


class Stream:
    """An HTTP answer on a connection of its own, read by hand, as slowly as one likes."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def first_event(self) -> None:
        """Return when the first bytes of an event are there, and they are read."""
        await self._reader.readuntil(b"\r\n\r\n")
        # Heartbeats are blank lines.
        await self._reader.readuntil(b"{")

    async def read(self, size: int) -> int:
        """Read at most so many bytes; returns how many there were, 0 at the end."""
        return len(await self._reader.read(size))


@asynccontextmanager
async def open_stream(server: ServerProcess, path: str, *, buffer_bytes: int | None = None) -> AsyncGenerator[Stream]:
    """Send a GET and give the answer unread; the connection is dropped at the end.

    Args:
        server: The server.
        path: What to get, with its query.
        buffer_bytes: How much the kernel and this process hold for a reader; None for the usual.
    """
    raw = socket.socket()
    raw.setblocking(False)  # noqa: FBT003 - the method's only argument
    if buffer_bytes is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=buffer_bytes or 2**16)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        request += f"Authorization: Bearer {server.token}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        await writer.drain()
        yield Stream(reader)
    finally:
        writer.transport.abort()
