"""`robocoders logout`: revoke the token and forget it."""

from __future__ import annotations

import asyncio

from robocoders.cli.connecting import known_server
from robocoders.cli.options import BaseUrlOption
from robocoders.cli.terminal import say
from robocoders.client.configuration import resolve

__all__ = ["logout"]


def logout(base_url: BaseUrlOption = None) -> None:
    """Revoke your token at the server and take it out of your cache."""
    server = known_server(base_url)
    if server is None:
        say("No server is named and none of yours runs, so there is nothing to sign out of.")
        return
    given = resolve("api_token")
    asyncio.run(_sign_out(server.base_url))
    if given.value:
        say(f"The token is not from your cache: it still stands in {given.origin} {given.place}; remove it there.")
        return
    say(f"Signed out of {server.base_url}.")


async def _sign_out(address: str) -> None:
    from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

    async with AsyncRobocoders(address) as client:
        await client.sign_out()
