"""Answers that nobody waits for any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive

__all__ = ["unless_client_leaves"]

ResultT = TypeVar("ResultT")


async def unless_client_leaves(request: Request, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Return what the work returns; where the client goes away first, stop the work, and only that.

    Args:
        request: The request; its body has been read.
        work: What is done for the answer.

    Raises:
        ClientDisconnect: The client went away.
        Exception: What the work raises.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
