"""Where tokens come from: one that was given, or the cache and a sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from robocoders.client.credentials import CredentialCache, is_token_text
from robocoders.client.exchange import Exchange, replace_message
from robocoders.client.sign_in_lock import sign_in_lock
from robocoders.errors import AuthenticationError, ConfigurationError
from robocoders.wire import requests
from robocoders.wire.login import require_page_parser, token_from_page

__all__ = ["Access", "CachedAccess", "GivenAccess", "authorized", "fetch_token"]

_T = TypeVar("_T")


class Access(Protocol):
    """A policy of tokens. What drives a conversation asks it for one, and for another when the server refuses it."""

    async def token(self) -> str:
        """A token to use now.

        Raises:
            RobocodersError: There is none to be had.
        """
        ...

    async def renew(self, refused: str) -> str | None:
        """A token in place of one that the server answered with 401; None where there can be no other.

        Raises:
            RobocodersError: There should be one, but it is not to be had.
        """
        ...


class GivenAccess:
    """A token that the caller gave. It cannot be renewed.

    Args:
        token: The token.
        place: Where it was given, for errors.

    Raises:
        ConfigurationError: It cannot be a token.
    """

    def __init__(self, token: str, place: str = "token") -> None:
        stripped = token.strip()
        if not is_token_text(stripped):
            raise ConfigurationError(f"The token given by {place} is none: it is empty or has characters no token has")
        self._token = stripped

    async def token(self) -> str:
        return self._token

    async def renew(self, refused: str) -> str | None:  # noqa: ARG002 - the protocol's signature
        return None

    def held(self) -> str | None:
        """The token."""
        return self._token

    def forget(self) -> None:
        """What was given stays with its giver."""


class CachedAccess:
    """Tokens from the cache, else from a sign-in, which one task of one process makes while the others wait for it.

    Args:
        exchange: The server.
        cache: Where tokens are kept.
        sign_in_key: What a local server of one's own wants to see at sign-in.
    """

    def __init__(self, exchange: Exchange, cache: CredentialCache, *, sign_in_key: str | None = None) -> None:
        self._exchange = exchange
        self._cache = cache
        self._sign_in_key = sign_in_key
        self._fetched: str | None = None

    async def token(self) -> str:
        return self.held() or await self._signed_in(refused=None)

    async def renew(self, refused: str) -> str | None:
        return await self._signed_in(refused=refused)

    def held(self) -> str | None:
        """The token there is without a sign-in."""
        return self._cached() or self._fetched

    def forget(self) -> None:
        """Keep no token and no session of this server."""
        self._fetched = None
        self._cache.update(self._exchange.address, access_token=None, sid=None)

    async def _fetch(self) -> str:
        """Sign in and keep the token. The provider signs in by a method of its own, which subclasses may replace."""
        token = await fetch_token(self._exchange, self._sign_in_key)
        self._cache.update(self._exchange.address, access_token=token)
        return token

    def _cached(self) -> str | None:
        return self._cache.get(self._exchange.address).access_token

    async def _signed_in(self, refused: str | None) -> str:
        async with sign_in_lock(self._cache.path, self._exchange.address):
            token = self._cached()
            if refused is not None and token == refused:
                # Also if the sign-in fails, nobody shall try the dead token again.
                self._cache.forget_token(self._exchange.address, refused)
                token = None
            if token is None:
                token = await self._fetch()
                # Kept here too: a clock that is wrong takes a fresh token for an expired one.
                self._fetched = token
        return token


async def authorized(access: Access, call: Callable[[str], Awaitable[_T]]) -> _T:
    """Do something that needs a token; after a 401 once more, with a new one if there can be one.

    Raises:
        RobocodersError: Whatever `call` or the policy raises.
    """
    token = await access.token()
    try:
        return await call(token)
    except AuthenticationError:
        renewed = await access.renew(token)
        if renewed is None:
            raise
    return await call(renewed)


async def fetch_token(exchange: Exchange, sign_in_key: str | None = None) -> str:
    """Sign in: read the token from the server's login page.

    Raises:
        MissingRequirementsError: beautifulsoup4 is not installed; no request was made.
        AuthenticationError: The server does not sign this caller in, or its page has no token.
        RobocodersError: As `Exchange.fetch` does.
    """
    require_page_parser()
    try:
        page = await exchange.fetch(requests.sign_in(sign_in_key))
    except AuthenticationError as error:
        raise replace_message(
            error,
            f"{exchange.address} does not sign this caller in; sign in with robocoders login, "
            "or give a token (ROBOCODERS_API_TOKEN)",
        ) from None
    token = token_from_page(page.decode("utf-8", "replace"))
    if token is None:
        raise AuthenticationError(
            f"The sign-in page of {exchange.address} shows no token; is this a Robocoders server?", status=200
        )
    return token
