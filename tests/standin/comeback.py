"""Time that brings a dead server back."""

from __future__ import annotations

from collections.abc import Callable

from robocoders.testing.clock import FakeClock
from tests.standin.server import StandIn

__all__ = ["ComebackClock"]


class ComebackClock(FakeClock):
    """A clock that never waits, and at some wait after each death lets the server come back.

    Args:
        server: The server.
        waits: At which wait after it died; before, connections are refused.
        before: What happens just before it comes back.
    """

    def __init__(self, server: StandIn, waits: int = 1, before: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._server = server
        self._waits = waits
        self._left = waits
        self._before = before

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self._server.is_down:
            self._left -= 1
            if self._left <= 0:
                self._left = self._waits
                if self._before is not None:
                    self._before()
                self._server.come_back()
