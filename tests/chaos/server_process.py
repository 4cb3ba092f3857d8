"""A real server in a process of its own, which can be killed and started again at the same place."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import random
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Self

from tests.support.repository import ROOT

__all__ = ["START_SECONDS", "TOKEN_VARIABLE", "ServerProcess", "free_port"]

START_SECONDS = 60.0
TOKEN_VARIABLE = "CHAOS_TOKEN"


class ServerProcess:
    """A server of `tests.chaos.served` with one data directory and one port for all its lives.

    Args:
        folder: Where everything of it is kept; its data directory is `data` in there.
        token: The bearer token it takes; it goes by the environment.
        role: Which of the programs in `tests.chaos.served` it runs.
        options: Further arguments of that program.

    Attributes:
        data_dir: Its data directory.
        port: Its port.
    """

    def __init__(self, folder: Path, token: str, role: str, options: Sequence[str] = ()) -> None:
        self.data_dir = folder / "data"
        self.port = free_port()
        self.token = token
        self._folder = folder
        self._command = (sys.executable, "-m", "tests.chaos.served", role, str(folder), str(self.port), *options)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's id; it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def log_file(self) -> Path:
        """What all its lives wrote to standard error."""
        return self._folder / "server.log"

    async def spawn(self) -> None:
        """Start a process, without waiting for more."""
        home = self._folder / "home"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ROBOCODERS_"))
        }
        environment |= {"HOME": str(home), TOKEN_VARIABLE: self.token}
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                # Its end of file ends the server, however this process comes to its own end.
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=environment,
            )

    async def ready(self) -> None:
        """Wait until the server answers.

        Raises:
            RuntimeError: It has ended instead, or does not answer in time.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = await self._process.stdout.readline()
        if not line:
            code = await self._process.wait()
            said = self.log_file.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"the server ended with {code} instead of starting:\n{said}")

    async def start(self) -> None:
        """Start a process and wait until it answers."""
        await self.spawn()
        await self.ready()

    async def running(self) -> None:
        """Wait until the server runs turns, which is some moments after it answers."""
        async with asyncio.timeout(START_SECONDS):
            while await asyncio.to_thread(self._ready_status) != HTTPStatus.OK:
                pass

    def _ready_status(self) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal that ends the process, and wait for that; returns its exit status."""
        process = self._process
        if process is None:
            return 0
        self._process = None
        if process.returncode is None:
            process.send_signal(number)
        # Read to its end: a full pipe would keep it alive, and an open one is a leak.
        _, code = await asyncio.gather(process.communicate(), process.wait())
        return code

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()


def free_port() -> int:
    """A port that nothing listens on now.

    Not one of those that the system gives to clients: while the server is down, a client that calls its port could be
    given that very port and would be connected to itself.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
