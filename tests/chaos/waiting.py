"""Waits of the programs here: on an event, with a bound."""

from __future__ import annotations

import asyncio

__all__ = ["is_set_within", "pass_time"]


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event at most so long; return whether it was set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def pass_time(seconds: float) -> None:
    """Let time pass in a program; a test waits for what it wants to see instead."""
    await is_set_within(asyncio.Event(), seconds)
