"""One server from its start to its end, on an event loop. Everything heavy is imported by this module."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING

import uvicorn

from robocoders.agents.worker_threads import WorkerThreads
from robocoders.engine.runner import Engine
from robocoders.server.access import Access
from robocoders.server.application import create_app, service_of
from robocoders.server.service import Service
from robocoders.server.settings import Settings
from robocoders.server.stopping import StopSwitch
from robocoders.store import Store

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["MakeEngine", "run_server"]

MakeEngine = Callable[[Store, Settings], Engine]

_TURN_GRACE_SECONDS = 3.0
_ANSWER_GRACE_SECONDS = 4
_WORKER_GRACE_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection, so that they are the ones to close it."""


async def run_server(
    settings: Settings,
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    *,
    sign_in_key: str,
    make_engine: MakeEngine,
    on_ready: Callable[[], Awaitable[None]],
    on_stopping: Callable[[], None],
    stop: StopSwitch,
) -> None:
    """Serve on a listening socket until a signal, the switch or idleness ends it. Closes the socket.

    Args:
        settings: How to run.
        listener: The socket, listening already.
        tls: What TLS connections are made with.
        sign_in_key: What `/auth` wants to see in `local` mode.
        make_engine: Makes the engine on the open store; it has not been started.
        on_ready: Awaited once, when requests are answered.
        on_stopping: Called once, before anything else is done to stop.
        stop: Stops the server from outside.

    Raises:
        ConfigurationError: The database cannot be used.
        StoreError: The database cannot be read or written.
    """
    # Until the engine brings the event loop another one, and where it never comes to that.
    asyncio.get_running_loop().set_default_executor(WorkerThreads(_WORKER_GRACE_SECONDS))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        store = await Store.open(settings.database)
        stack.push_async_callback(store.close)
        engine = make_engine(store, settings)
        await engine.start()
        stack.push_async_callback(engine.stop, 0)
        access = await Access.open(store, settings, sign_in_key=sign_in_key)
        app = create_app(settings, store, engine, access)
        server = _Server(_uvicorn_config(app, tls), service_of(app), on_ready, on_stopping)
        stack.enter_context(_stopped_by(server, stop))
        watch = asyncio.create_task(_stop_when_idle(server, service_of(app)))
        stack.callback(watch.cancel)
        await server.serve(sockets=[listener])


def _uvicorn_config(app: FastAPI, tls: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_ANSWER_GRACE_SECONDS,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which tells the engine when it stops, and leaves signals to us."""

    def __init__(
        self,
        config: uvicorn.Config,
        service: Service,
        on_ready: Callable[[], Awaitable[None]],
        on_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._service = service
        self._on_ready = on_ready
        self._on_stopping = on_stopping

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are handled outside: uvicorn would raise them again and so end the process with their status."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave the list, free the port, lay turns aside for the next start, let all readers go and answers finish."""
        self._service.activity.stopping = True
        # Not in a worker thread: all of them may be busy, and nobody is to find a server that is leaving.
        self._on_stopping()
        for server in self.servers:
            server.close()
        await self._service.engine.stop(_TURN_GRACE_SECONDS)
        self._service.ending.set()
        await super().shutdown(sockets)
        for connection in tuple(self.server_state.connections):
            # Its reader does not read: what waits for it would wait for ever.
            connection.transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def _stopped_by(server: uvicorn.Server, stop: StopSwitch) -> Generator[None]:
    """Let the switch stop the server, and SIGINT and SIGTERM where this is the main thread; a second one hurries."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    def on_press() -> None:
        # The loop may have ended meanwhile; then there is nothing left to stop.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)  # noqa: FBT003 - the attribute's value

    signals = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    for number in signals:
        loop.add_signal_handler(number, on_signal)
    stop.on_press(on_press)
    try:
        yield
    finally:
        stop.on_press(None)
        for number in signals:
            loop.remove_signal_handler(number)


async def _stop_when_idle(server: uvicorn.Server, service: Service) -> None:
    """Stop the server once nothing was asked of it and nothing ran for `--idle-exit` minutes."""
    if service.settings.idle_exit_minutes is None:
        return
    limit_seconds = service.settings.idle_exit_minutes * 60
    left = limit_seconds
    while left > 0:
        await asyncio.sleep(left)
        since = service.activity.idle_since_us
        quiet = service.engine.idle_since_us
        if since is None or quiet is None:
            # Whatever is going on now, the limit counts from its end.
            left = limit_seconds
        else:
            left = limit_seconds - (service.now_us() - max(since, quiet)) / 1_000_000
    logging.getLogger("robocoders.server").info("nothing to do for %g minutes: stopping", limit_seconds / 60)
    server.should_exit = True
