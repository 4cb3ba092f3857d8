"""The longest that one call may take as a whole, however many requests it makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TypeVar

from robocoders.errors import APITimeoutError

__all__ = ["bounded", "bounded_events"]

_T = TypeVar("_T")


async def bounded(call: Awaitable[_T], total_seconds: float | None) -> _T:
    """Wait for a call.

    Raises:
        APITimeoutError: It took longer than `total_seconds`; None for no limit.
    """
    scope = asyncio.timeout(total_seconds)
    try:
        async with scope:
            return await call
    except TimeoutError as error:
        raise _translated(error, scope, total_seconds) from None


async def bounded_events(events: AsyncGenerator[_T], total_seconds: float | None) -> AsyncGenerator[_T]:
    """Pass events on; the time counts from the first step on, that of whoever takes the events included.

    Raises:
        APITimeoutError: They took longer than `total_seconds`; None for no limit.
    """
    loop = asyncio.get_running_loop()
    deadline = None if total_seconds is None else loop.time() + total_seconds
    async with aclosing(events):
        while True:
            # One scope a step: a scope around the whole would interrupt whoever takes the events.
            scope = asyncio.timeout_at(deadline)
            try:
                async with scope:
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise _translated(error, scope, total_seconds) from None
            yield event


def _translated(error: TimeoutError, scope: asyncio.Timeout, total_seconds: float | None) -> Exception:
    if not scope.expired():
        return error
    return APITimeoutError(f"The call took longer than the {total_seconds:g} s it was given")
