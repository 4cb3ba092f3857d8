"""One command from its start to its result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from robocoders.workspace.seal.collecting import Drain, Output
from robocoders.workspace.seal.limits import EndedBy, Finished, Limits
from robocoders.workspace.seal.requests import Exit, Requests, broken, read_exit

__all__ = ["RunningCommand"]

_MORE_OUTPUT_SECONDS = 0.1
"""How long to wait for output that a child of a finished command may still write."""
_KILL_SECONDS = 10


class RunningCommand:
    """A command that runs in a seal.

    Args:
        requests: The connection to the supervisor.
        limits: The seal's.
        seconds: How long it may take.
        on_output: Awaited with its output while it comes.
    """

    def __init__(
        self,
        requests: Requests,
        limits: Limits,
        seconds: float,
        on_output: Callable[[str], Awaitable[None]] | None,
    ) -> None:
        self._requests = requests
        self._seconds = seconds
        self._on_output = on_output
        self._pieces: list[str] = []
        self._has_news = asyncio.Event()
        self._has_ended = False
        self._number = 0
        self._ended_by: EndedBy | None = None
        self._output = Output(limits.output_bytes, self._take, self._exceed)
        self.drain: Drain | None = None
        """What reads on from pipes that were left open, once the command has ended."""

    async def run(self, argv: list[str], env: dict[str, str]) -> Finished:
        """Start it and wait for its end.

        Raises:
            SealError: It could not be started, or the seal broke.
        """
        teller = asyncio.create_task(self._tell()) if self._on_output is not None else None
        waiting: asyncio.Future[list[str]] | None = None
        try:
            try:
                self._number, waiting = self._requests.begin_command(argv, env, self._output.writers)
            finally:
                self._output.close_writers()
            ended = await self._wait(waiting, teller)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MORE_OUTPUT_SECONDS):
                    await self._output.ended.wait()
            self.drain = self._output.finish()
            await self._end_telling(teller)
            return self.finished(ended.code, self._ended_by or ended.ended_by)
        except BaseException:
            if waiting is not None and not waiting.done():
                await self._kill_at_once(waiting)
            self.drain = self.drain or self._output.finish()
            raise
        finally:
            if teller is not None:
                teller.cancel()
                await asyncio.wait([teller])

    def finished(self, code: int, ended_by: EndedBy | None) -> Finished:
        """The result, with the output so far."""
        stdout, stderr = self._output.text()
        return Finished(code, stdout, stderr, ended_by)

    async def _wait(self, waiting: asyncio.Future[list[str]], teller: asyncio.Task[None] | None) -> Exit:
        try:
            async with asyncio.timeout(self._seconds):
                watched = [waiting] if teller is None else [waiting, teller]
                await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            self._end("wall_clock")
        if teller is not None and teller.done():
            # Whoever shows the output failed; its error is the caller's.
            teller.result()
        try:
            async with asyncio.timeout(_KILL_SECONDS):
                return read_exit(await asyncio.shield(waiting))
        except TimeoutError:
            raise broken() from None

    async def _kill_at_once(self, waiting: asyncio.Future[list[str]]) -> None:
        """End it with its caller; nobody waits for more than the kill itself."""
        self._requests.kill_command(self._number)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(2):
                await asyncio.wait([waiting])

    def _end(self, reason: EndedBy) -> None:
        if self._ended_by is None:
            self._ended_by = reason
            self._requests.kill_command(self._number)

    def _exceed(self) -> None:
        self._end("output")

    def _take(self, text: str) -> None:
        if self._on_output is not None:
            self._pieces.append(text)
            self._has_news.set()

    async def _tell(self) -> None:
        while self._on_output is not None:
            await self._has_news.wait()
            self._has_news.clear()
            pieces, self._pieces = self._pieces, []
            if pieces:
                await self._on_output("".join(pieces))
            if self._has_ended and not self._pieces:
                return

    async def _end_telling(self, teller: asyncio.Task[None] | None) -> None:
        if teller is not None:
            self._has_ended = True
            self._has_news.set()
            await teller
