"""Whether a server has answered at all, and for how long that is waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from robocoders.client.transport import Answer, Transport
from robocoders.wire.requests import Request
from robocoders.wire.retrying import Failure, RetryPolicy

__all__ = ["FirstContactPolicy", "WatchedTransport"]


class WatchedTransport(Transport):
    """A transport that knows whether anything has answered yet."""

    answered = False

    async def send(self, url: str, request: Request, *, once: bool = False) -> Answer:
        answer = await super().send(url, request, once=once)
        self.answered = True
        return answer


@dataclass(frozen=True, kw_only=True)
class FirstContactPolicy(RetryPolicy):
    """The rule of retries, bounded by the connect timeout until the server has answered once.

    So a server that does not exist is told of within that time, although refused connections are tried again.

    Attributes:
        transport: Tells whether there was an answer.
        connect_seconds: The bound, counted from when this rule was made.
    """

    transport: WatchedTransport
    connect_seconds: float
    begun: float = field(default_factory=time.monotonic)

    def delay_seconds(
        self, attempt: int, failure: Failure, *, repeatable: bool, now: float, chance: float
    ) -> float | None:
        delay = super().delay_seconds(attempt, failure, repeatable=repeatable, now=now, chance=chance)
        if delay is None or self.transport.answered:
            return delay
        left = self.begun + self.connect_seconds - time.monotonic()
        return delay if delay < left else None
