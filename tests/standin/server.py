"""A stand-in of the original server, with faults: a real HTTP server on loopback, on a thread of its own.

It speaks the four original endpoints and, with `announced=True`, idempotency keys and the session routes too. What it
answers is scripted; what it saw can be looked at::

    with StandIn() as server:
        server.answer([events.closing(1, "Hello.")])
        server.fail("POST /chat", faults.status(429, Retry_After="1"))
        ...  # talk to server.url
        assert [run.prompt for run in server.runs] == ["Hello"]
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.standin import routes
from tests.standin.events import closing
from tests.standin.faults import Fault

_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    route: str
    """Method and path with `{sid}` for the session's id, for instance `POST /chat`."""
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Run:
    """A prompt that was taken and, whatever came of the connection, run."""

    prompt: str
    sid: str
    key: str | None
    lines: tuple[bytes, ...] = field(repr=False)


class StandIn:
    """The server. A context manager that listens from its beginning to its end.

    Args:
        announced: Announce idempotency and keep to it, and mark protocol 1, as servers of this project do.
        sign_in_key: What `/auth` wants as HTTP Basic password; None for a page that is open.
        unknown_session: The status for a sid that it did not give out; 200 takes it as the original may have done.
        tls: Serve HTTPS.

    Attributes:
        url: Its address.
        seen: Every request, in order.
        runs: Every prompt that was run.
        tokens: The valid tokens. Each sign-in adds one.
        sessions: The sids given out and not forgotten.
        expires_in_seconds: The life of new tokens.
        departed: Set when a caller goes away from an answer that hangs.
        hanging: Set when an answer begins to hang.
        is_down: It has died and not come back.
        said: How much of its script was said for each key when the server died.
        kept: The answers, status and text, that keys stand for, apart from those of prompts.
        state: What it says of every session.
        told: What else it says of every session, `answering_after` for instance.
    """

    def __init__(
        self,
        *,
        announced: bool = False,
        sign_in_key: str | None = None,
        unknown_session: int = 200,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.announced = announced
        self.sign_in_key = sign_in_key
        self.unknown_session = unknown_session
        self.url = ""
        self.seen: list[Seen] = []
        self.runs: list[Run] = []
        self.tokens: set[str] = set()
        self.sessions: list[str] = []
        self.expires_in_seconds = 3600.0
        self.departed = threading.Event()
        self.hanging = threading.Event()
        self.log: list[bytes] = []
        """The lines that `GET /sessions/{sid}/events` tells."""
        self.is_down = False
        self.said: dict[str | None, int] = {}
        self.kept: dict[str, tuple[int, str]] = {}
        self.state = "idle"
        self.told: dict[str, Any] = {}
        self._tls = tls
        self._place = socket.socket()
        self._site: web.SockSite | None = None
        self._script: deque[tuple[bytes, ...]] = deque()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-in", daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_PATIENCE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(_PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop.close()

    def answer(self, *turns: Sequence[bytes]) -> None:
        """Script the answers to come: each turn's lines. Without a script every prompt gets one closing message."""
        self._script.extend(tuple(turn) for turn in turns)

    def fail(self, route: str, *faults: Fault) -> None:
        """Let the next requests of a route end in these faults, one each."""
        self._faults[route].extend(faults)

    def asked(self, route: str) -> list[Seen]:
        """The requests of one route."""
        return [request for request in self.seen if request.route == route]

    def next_fault(self, route: str) -> Fault | None:
        """Take the next fault of a route, for the routes."""
        waiting = self._faults[route]
        return waiting.popleft() if waiting else None

    def run(self, prompt: str, sid: str, key: str | None) -> Run:
        """Run a prompt, or attach to the run that the key stands for, for the routes."""
        if self.announced and key is not None:
            for earlier in self.runs:
                if earlier.key == key:
                    return earlier
        lines = self._script.popleft() if self._script else (closing(len(self.runs) + 1, "Hello."),)
        run = Run(prompt, sid, key, lines)
        self.runs.append(run)
        return run

    async def _start(self) -> None:
        self._runner = web.AppRunner(
            routes.application(self), handler_cancellation=True, shutdown_timeout=0, access_log=None
        )
        await self._runner.setup()
        # Bound and never listening: it keeps the port while the server is down, when connections are refused.
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        host, port = self._place.getsockname()
        self.url = f"{'http' if self._tls is None else 'https'}://{host}:{port}"
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._place.getsockname())
        self._site = web.SockSite(self._runner, listener, ssl_context=self._tls)
        await self._site.start()
        self.is_down = False

    async def die(self, *, comes_back: bool) -> None:
        """Stop listening, close every connection, and perhaps listen again, for the routes."""
        assert self._runner is not None
        assert self._runner.server is not None
        assert self._site is not None
        self.is_down = True
        await self._site.stop()
        if comes_back:
            # First, because closing the connection whose route this is cancels it.
            await self._listen()
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.close()

    def come_back(self) -> None:
        """Listen again on the same port, with all that was kept."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_PATIENCE_SECONDS)

    async def _stop(self) -> None:
        self._place.close()
        if self._runner is not None:
            await self._runner.cleanup()
