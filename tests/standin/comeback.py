"""Time that brings a dead server back."""

from __future__ import annotations

from robocoders.testing.clock import FakeClock
from tests.standin.server import StandIn

__all__ = ["ComebackClock"]


class ComebackClock(FakeClock):
    """A clock that never waits, and at some wait after each death lets the server come back.

    Args:
        server: The server.
        waits: At which wait after it died; before, connections are refused.
    """

    def __init__(self, server: StandIn, waits: int = 1) -> None:
        super().__init__()
        self._server = server
        self._waits = waits
        self._left = waits

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self._server.is_down:
            self._left -= 1
            if self._left <= 0:
                self._left = self._waits
                self._server.come_back()
