"""When a request may be sent again, and after how long. Pure: time and chance are passed in.

Two retries by default, half a second doubling to eight, full jitter; a wait the server asks for is kept, up to two
minutes. A prompt is special: once its body has left it is sent again only to a server that has announced
idempotency, or after an answer that shows that it was not taken. What had begun and can be taken up where it was is
worth more patience: `RESUMPTION`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["RESUMPTION", "Failure", "RetryPolicy", "retry_after_seconds"]

_RETRIED_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class Failure:
    """How one attempt failed.

    Attributes:
        sent: The request's body may have reached the server.
        status: The answer's HTTP status; None where there was no answer.
        headers: The answer's headers, names in lower case.
    """

    sent: bool
    status: int | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The rule of retries.

    Attributes:
        max_retries: Attempts after the first.
        first_delay_seconds: Upper bound of the first wait; each later bound is twice the one before.
        longest_delay_seconds: No bound is above this.
        longest_asked_seconds: A server that asks for a longer wait than this is not waited for.
        jitter: The least and the greatest wait, as shares of the bound.
    """

    max_retries: int = 2
    first_delay_seconds: float = 0.5
    longest_delay_seconds: float = 8.0
    longest_asked_seconds: float = 120.0
    jitter: tuple[float, float] = (0.0, 1.0)

    def delay_seconds(
        self, attempt: int, failure: Failure, *, repeatable: bool, now: float, chance: float
    ) -> float | None:
        """Return how long to wait before the next attempt, or None when there is to be none.

        Args:
            attempt: Number of the attempt that failed, from 0.
            failure: How it failed.
            repeatable: Sending the same request twice does no harm: it is safe, or the server is idempotent.
            now: UTC seconds since 1970.
            chance: A random number from 0 to 1.
        """
        if attempt >= self.max_retries or not _may_repeat(failure, repeatable=repeatable):
            return None
        asked = retry_after_seconds(failure.headers or {}, now)
        if asked is not None:
            return asked if asked <= self.longest_asked_seconds else None
        bound = min(self.first_delay_seconds * 2**attempt, self.longest_delay_seconds)
        least, greatest = self.jitter
        return bound * (least + (greatest - least) * chance)


RESUMPTION: Final = RetryPolicy(max_retries=8, first_delay_seconds=0.25, jitter=(1.0, 1.25))
"""For an answer that broke off, as long as nothing more of it comes: the waits are never shorter than 31 seconds in
all, so that a server that is restarted within half a minute is not noticed."""


def _may_repeat(failure: Failure, *, repeatable: bool) -> bool:
    headers = failure.headers or {}
    if failure.status is None:
        return repeatable or not failure.sent
    wish = headers.get("x-should-retry", "").strip().lower()
    if not repeatable:
        # 429 and a 503 that says when to come back show that the prompt was not taken.
        says_when = not headers.keys().isdisjoint(("retry-after", "retry-after-ms"))
        return wish != "false" and (failure.status == 429 or (failure.status == 503 and says_when))
    if wish in ("true", "false"):
        return wish == "true"
    return failure.status in _RETRIED_STATUSES or failure.status >= 500


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait a server asks for, in seconds from now, never negative; None where it asks for none.

    `retry-after-ms` (milliseconds) goes before `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3).

    Args:
        headers: The answer's headers, names in lower case.
        now: UTC seconds since 1970.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    return seconds if seconds is not None else _seconds_until(text, now)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _seconds_until(text: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - now, 0.0)
