"""Time, passed in, so that whoever tests does not have to wait."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What the client asks of time. `robocoders.testing.clock.FakeClock` is one that does not wait."""

    def now(self) -> float:
        """UTC seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds; other tasks run meanwhile."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
