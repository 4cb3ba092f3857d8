"""A clock for tests: it never waits, and it remembers what it was asked to wait for."""

from __future__ import annotations

import asyncio

__all__ = ["FakeClock"]


class FakeClock:
    """A `robocoders.client.clock.Clock` whose time moves only when somebody sleeps.

    Args:
        start: The time it shows at first, UTC seconds since 1970.

    Attributes:
        slept: Every wait asked for, in seconds, oldest first.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._time = start
        self.slept: list[float] = []

    def now(self) -> float:
        return self._time

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        self._time += seconds

    async def sleep(self, seconds: float) -> None:
        """Note the wait, move the time on, and let other tasks run once."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
