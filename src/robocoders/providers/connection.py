"""One provider class at one server: where it is, what the cache knows of it, how to sign in and take a session."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from robocoders.client.access import Access, CachedAccess, GivenAccess, authorized, fetch_token
from robocoders.client.configuration import resolve
from robocoders.client.credentials import CredentialCache
from robocoders.client.destination import Destination
from robocoders.client.exchange import Exchange
from robocoders.client.leases import SessionLease
from robocoders.errors import APIConnectionError, AuthenticationError, RobocodersError
from robocoders.providers.destination import HOSTED, SERVE_HINT
from robocoders.providers.first_contact import FirstContactPolicy, WatchedTransport
from robocoders.wire import requests
from robocoders.wire.answers import session_id_from_body
from robocoders.wire.login import require_page_parser
from robocoders.wire.retrying import RESUMPTION

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Methods", "ServerConnection"]

_log = logging.getLogger("robocoders.provider")

_T = TypeVar("_T")

_current: ContextVar[ServerConnection | None] = ContextVar("current_connection", default=None)


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods of a provider class that subclasses may replace, as looked up on that class."""

    token_and_session: Callable[[aiohttp.ClientSession], Awaitable[tuple[str, str]]]
    fetch_token: Callable[[aiohttp.ClientSession], Awaitable[str]]
    create_session: Callable[[aiohttp.ClientSession, str], Awaitable[str]]
    clear_cache: Callable[[], None]


class ServerConnection:
    """What the methods of one call share.

    Args:
        methods: Those of the provider class; sign-in and sessions go through them.
        destination: The server.
        transport: What carries the requests.
        cache: Where the class keeps tokens and session ids.
        connect_seconds: How long a first answer may be waited for in all, while nothing accepts a connection.

    Attributes:
        keeps_sessions: Whether a new session goes into the cache; not when the cached one is somebody else's now.
    """

    def __init__(
        self,
        methods: Methods,
        destination: Destination,
        transport: WatchedTransport,
        cache: CredentialCache,
        *,
        connect_seconds: float,
    ) -> None:
        self.methods = methods
        self.destination = destination
        self.cache = cache
        self.keeps_sessions = True
        self.exchange = Exchange(
            transport,
            destination.address,
            policy=FirstContactPolicy(transport=transport, connect_seconds=connect_seconds),
            resumption=FirstContactPolicy(**asdict(RESUMPTION), transport=transport, connect_seconds=connect_seconds),
            idempotent=cache.get(destination.address).idempotent,
            on_idempotency=self._remember_idempotency,
        )
        self.access = self._choose_access()
        self._transport = transport
        self._made_here: set[str] = set()

    @staticmethod
    def current(http: aiohttp.ClientSession) -> ServerConnection | None:
        """The connection that the running method works for, if `http` is its own session."""
        connection = _current.get()
        return connection if connection is not None and connection.http is http else None

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session of aiohttp that carries the requests."""
        return self._transport.open_session()

    @property
    def lease_directory(self) -> Path:
        """Where the lock files of cached sessions lie."""
        return self.cache.path.parent / "leases"

    def made_here(self, value: str) -> bool:
        """Whether this token or session id came from the server by this very connection, and not from a cache."""
        return value in self._made_here

    async def run(self, method: Callable[[], Awaitable[_T]]) -> _T:
        """Await a method of the provider class that finds this connection by `current`."""
        with self._as_current():
            return await method()

    async def token_and_session(self) -> tuple[str, str]:
        """A token and a session that nobody uses now: the cached ones, else new ones."""

        async def with_session(token: str) -> tuple[str, str]:
            return token, await self._free_session(token)

        return await authorized(self.access, with_session)

    async def fetch_token(self) -> str:
        """Sign in and keep the token."""
        require_page_parser()
        token = await fetch_token(self.exchange, self.destination.sign_in_key)
        self._made_here.add(token)
        self.cache.update(self.destination.address, access_token=token)
        return token

    async def create_session(self, token: str) -> str:
        """Ask for a new session and keep its id. A refused token is forgotten."""
        try:
            body = await self.exchange.fetch(requests.create_session(token, key=uuid.uuid4().hex))
        except AuthenticationError:
            self._forget(token)
            raise
        sid = session_id_from_body(body)
        self._made_here.add(sid)
        if self.keeps_sessions:
            self.cache.update(self.destination.address, sid=sid)
        return sid

    def lease(self, sid: str) -> SessionLease | None:
        """Take a session for one conversation; None where somebody has it."""
        return SessionLease.take(self.lease_directory, self.destination.address, sid)

    @property
    def has_answered(self) -> bool:
        """Whether the server has answered anything yet."""
        return self._transport.answered

    @contextmanager
    def errors_told(self) -> Generator[None]:
        """Log an error of what is done inside, and raise it with what to do about it where no server answered.

        Around a method that works for a running call it does nothing: that call tells.
        """
        try:
            yield
        except RobocodersError as error:
            if _current.get() is self:
                raise
            _log.warning("%s (server %s, session %s)", type(error).__name__, self.destination.address, error.session_id)
            if isinstance(error, APIConnectionError) and not self.has_answered:
                text = f"{error.message.rstrip('.')}. {SERVE_HINT}"
                raise type(error)(text, session_id=error.session_id) from error.__cause__
            if self.destination is HOSTED:
                error.add_note(SERVE_HINT)
            raise

    async def _free_session(self, token: str) -> str:
        sid = self.cache.get(self.destination.address).sid
        if sid is not None:
            lease = self.lease(sid)
            if lease is not None:
                lease.release()
                return sid
            self.keeps_sessions = False
        return await self.run(lambda: self.methods.create_session(self.http, token))

    def _forget(self, token: str) -> None:
        address = self.destination.address
        if _current.get() is self:
            # Another process may have signed in meanwhile; its token stays.
            self.cache.forget_token(address, token)
        elif "servers" in self.cache.read():
            self.cache.update(address, access_token=None, sid=None)
        else:
            self.methods.clear_cache()

    def _choose_access(self) -> Access:
        # A token of one's own is nothing for the address that is left when no server is named.
        given = resolve("api_token") if self.destination is not HOSTED else None
        if given is not None and given.value:
            return GivenAccess(given.value, given.place)
        return _SignInOfClass(self)

    def _remember_idempotency(self, announced: bool) -> None:  # noqa: FBT001 - the exchange calls it so
        self.cache.update(self.destination.address, idempotent=announced)

    @contextmanager
    def _as_current(self) -> Generator[None]:
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


class _SignInOfClass(CachedAccess):
    """Tokens from the cache, else from the provider class's own method of signing in."""

    def __init__(self, connection: ServerConnection) -> None:
        super().__init__(connection.exchange, connection.cache)
        self._connection = connection

    async def renew(self, refused: str) -> str | None:
        # A token that was just given out and is refused would be given out again.
        return None if self._connection.made_here(refused) else await super().renew(refused)

    async def _fetch(self) -> str:
        connection = self._connection
        return await connection.run(lambda: connection.methods.fetch_token(connection.http))
