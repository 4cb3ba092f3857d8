"""What a client and its sessions share: the server, the tokens, and how calls are bounded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from robocoders.client import places
from robocoders.client.access import CachedAccess, GivenAccess, authorized
from robocoders.client.clock import Clock
from robocoders.client.configuration import resolve
from robocoders.client.credentials import CredentialCache
from robocoders.client.destination import choose_destination
from robocoders.client.exchange import Exchange
from robocoders.client.transport import Timeouts, Transport
from robocoders.wire.requests import Request
from robocoders.wire.retrying import RESUMPTION, RetryPolicy

__all__ = ["Connection", "Options", "connect"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a client behaves. The arguments of `AsyncRobocoders` describe them."""

    timeouts: Timeouts
    total_timeout_seconds: float | None
    proxy: str | None
    ca_file: str | os.PathLike[str] | None
    max_retries: int
    max_continues: int
    max_line_bytes: int | None
    clock: Clock
    chance: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Connection:
    """One server as one caller reaches it."""

    transport: Transport
    exchange: Exchange
    access: GivenAccess | CachedAccess
    cache: CredentialCache
    options: Options

    async def fetch(self, build: Callable[[str], Request], session_id: str | None = None) -> bytes:
        """The body of a request that needs a token; after a 401 it is made once more with a new one.

        Args:
            build: Makes the request out of a token.
            session_id: The session concerned, for errors.
        """
        return await authorized(self.access, lambda token: self.exchange.fetch(build(token), session_id=session_id))


def _resumptions(max_retries: int) -> int:
    """How often in a row to take up what broke off: patiently, unless nothing is to be tried again."""
    return max(max_retries, RESUMPTION.max_retries) if max_retries > 0 else 0


def connect(base_url: str | None, token: str | None, options: Options) -> Connection:
    """Find the server and the token, without a request.

    Raises:
        ConfigurationError: No server is named and none runs, or something that was named cannot be used.
    """
    destination = choose_destination(base_url)
    cache = CredentialCache(places.credentials_file(), now=options.clock.now)
    transport = Transport(timeouts=options.timeouts, proxy=options.proxy, ca_file=options.ca_file)
    exchange = Exchange(
        transport,
        destination.address,
        policy=RetryPolicy(max_retries=options.max_retries),
        resumption=replace(RESUMPTION, max_retries=_resumptions(options.max_retries)),
        clock=options.clock,
        chance=options.chance,
        idempotent=cache.get(destination.address).idempotent,
        on_idempotency=lambda announced: cache.update(destination.address, idempotent=announced),
    )
    given = resolve("api_token", token)
    access: GivenAccess | CachedAccess
    if given.value:
        access = GivenAccess(given.value, given.place or "token")
    else:
        access = CachedAccess(exchange, cache, sign_in_key=destination.sign_in_key)
    return Connection(transport, exchange, access, cache, options)
