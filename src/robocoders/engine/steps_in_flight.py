"""Which steps are being done, so that a server that stops cuts none off that is nearly finished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

__all__ = ["StepsInFlight"]


class StepsInFlight:
    """Counts the steps of all turns of one engine."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()
        self._shut = False

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None, None]:
        """Do a step inside. Where no more may begin it waits until its turn is cancelled."""
        if self._shut:
            await asyncio.Event().wait()
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def shut(self, grace_seconds: float) -> None:
        """Let no further step begin, and wait for those that are being done, at most for the grace."""
        self._shut = True
        try:
            async with asyncio.timeout(grace_seconds):
                await self._none.wait()
        except TimeoutError:
            return
