"""Waiting for descriptors in the event loop, and closing them."""

from __future__ import annotations

import asyncio
import os

__all__ = ["close_all", "read_line", "readable"]


async def readable(descriptor: int) -> None:
    """Come back when a read of this descriptor would not block."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, tell)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


async def read_line(descriptor: int, end: bytes) -> bytes:
    """What comes up to these bytes, or up to the end of the stream."""
    content = b""
    while end not in content:
        await readable(descriptor)
        chunk = os.read(descriptor, 4096)
        if not chunk:
            break
        content += chunk
    return content


def close_all(*descriptors: int) -> None:
    """Close descriptors; negative ones are none."""
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)
