"""`robocoders login`: sign in, print the token for programs of others, or mint one for somebody else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

import typer

from robocoders.cli.connecting import target
from robocoders.cli.options import BaseUrlOption
from robocoders.cli.terminal import say
from robocoders.client.discovery import LocalServer, find_server
from robocoders.errors import AuthenticationError, ConfigurationError, NotFoundError

__all__ = ["login"]


def login(
    base_url: BaseUrlOption = None,
    *,
    sub: Annotated[
        str | None, typer.Option("--sub", metavar="NAME", help="Print a new token for this user instead.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--print", help="Print your token, as an API key for programs made for OpenAI.")
    ] = False,
) -> None:
    """Sign in and keep the token in your cache; nothing of it is shown unless you ask for it.

    Other commands sign in by themselves where they can. With --print your token is printed, for programs that want an
    API key. With --sub a token for another user is made, on the machine of the server and by its own user only, and
    printed.
    """
    address = target(base_url).base_url
    if sub is None:
        token = asyncio.run(_sign_in(address))
        if show:
            print(token)  # noqa: T201 - data for standard output
        else:
            say(f"Signed in to {address}.")
        return
    server = find_server(address)
    if server is None:
        raise ConfigurationError(f"--sub works for a server of yours on this machine, and {address} is not one")
    if server.sign_in_key is None:
        raise ConfigurationError(f"{server.url} runs with --auth open: everybody is one user there")
    print(asyncio.run(_mint(server, sub)))  # noqa: T201 - data for standard output


async def _sign_in(address: str) -> str:
    """Sign in and return the token that holds then."""
    from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

    async with AsyncRobocoders(address) as client:
        await client.sign_in()
        # The original has no such route.
        with suppress(NotFoundError):
            # A cached token may have been revoked; a request shows it, and the client then signs in again.
            await client.sessions()
        return await client.token()


async def _mint(server: LocalServer, name: str) -> str:
    from robocoders.client.exchange import Exchange  # noqa: PLC0415 - loads the HTTP client
    from robocoders.client.transport import Transport  # noqa: PLC0415
    from robocoders.wire import login as page  # noqa: PLC0415
    from robocoders.wire import requests  # noqa: PLC0415

    page.require_page_parser()
    request = requests.sign_in(server.sign_in_key)
    transport = Transport()
    try:
        body = await Exchange(transport, server.url).fetch(
            replace(request, path=f"{request.path}?{urlencode({'sub': name})}")
        )
    finally:
        await transport.close()
    token = page.token_from_page(body.decode("utf-8", "replace"))
    if token is None:
        raise AuthenticationError(f"The sign-in page of {server.url} shows no token", status=200)
    return token
