"""Whether the server's loop goes on while an attempt runs."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from robocoders.workspace.attacks.attempt import Finding, Sign

__all__ = ["Pulse"]

_BEAT_SECONDS = 0.05
_LONGEST_SECONDS = 4.0
"""Less may be a busy machine."""


class Pulse:
    """Measures the longest time for which the loop did not come round. To be used as a context."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def findings(self) -> list[Finding]:
        """That it stood still, if it did."""
        if self.longest_seconds <= _LONGEST_SECONDS:
            return []
        return [Finding(Sign.STUCK, f"the server stood still for {self.longest_seconds:.1f} s")]

    async def _beat(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            now = time.monotonic()
            self.longest_seconds = max(self.longest_seconds, now - last - _BEAT_SECONDS)
            last = now
