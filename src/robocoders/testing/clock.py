"""Clocks for tests: their time moves by hand, or when somebody sleeps, never by itself."""

from __future__ import annotations

import asyncio

__all__ = ["FakeClock", "HandClock"]

_MICRO = 1_000_000


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


class HandClock:
    """A clock that is moved by hand, for stores and engines: called, it returns UTC microseconds since 1970.

    Args:
        start_us: The time it shows at first.
    """

    def __init__(self, start_us: int = 1_700_000_000 * _MICRO) -> None:
        self._time_us = start_us
        self._sleepers: list[tuple[int, asyncio.Event]] = []

    def __call__(self) -> int:
        return self._time_us

    def advance(self, seconds: float) -> None:
        """Move the time on, and wake whoever has slept long enough by it."""
        self._time_us += int(seconds * _MICRO)
        for until_us, woken in self._sleepers:
            if until_us <= self._time_us:
                woken.set()

    async def sleep(self, seconds: float) -> None:
        """Return when the time has been moved on so far."""
        sleeper = self._time_us + int(seconds * _MICRO), asyncio.Event()
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)
