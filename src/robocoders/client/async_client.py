"""The asynchronous client."""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from robocoders.client.async_session import AsyncSession
from robocoders.client.clock import Clock, SystemClock
from robocoders.client.connection import Connection, Options, connect
from robocoders.client.deadline import bounded
from robocoders.client.own_session import MadeSession, NamedSession, Wishes, make_session
from robocoders.client.replies import Reply, SessionInfo, session_page
from robocoders.client.transport import Timeouts
from robocoders.errors import APIStatusError
from robocoders.wire import requests
from robocoders.wire.protocol import DEFAULT_AGENT

__all__ = ["AsyncRobocoders"]

_T = TypeVar("_T")

_NOTHING_TO_REVOKE = frozenset({401, 404, 405})
"""The original cannot revoke, and a token that is not accepted needs no revoking."""


class AsyncRobocoders:
    """Talks to one Robocoders server, over one pool of connections. A context manager that closes it.

    Nothing is sent when it is made. It belongs to the event loop that it is first used in.

    Args:
        base_url: The server's address; else `ROBOCODERS_BASE_URL`, the user's settings, or a running server of this
            user's own. The hosted service of old is contacted only if it is named.
        token: A bearer token; else `ROBOCODERS_API_TOKEN`, the user's settings, the cache, or a sign-in.
        connect_timeout_seconds: For a connection to be made; None for no limit.
        idle_timeout_seconds: Between two bytes of an answer; servers of this project are never silent for long.
        total_timeout_seconds: For a call as a whole, retries and continuations included; None for no limit.
        proxy: `http://[user:password@]host:port` for every request; else what the environment says.
        ca_file: A PEM file, or a directory of such, with the certificate authorities to trust; else the environment's,
            else the platform's.
        max_retries: Attempts after the first, where trying again is safe.
        max_continues: How often a turn goes on by itself at an allowance that the server marks.
        max_line_bytes: The longest event to take; None for no limit.
        clock: Time, for waits between attempts; `robocoders.testing.clock.FakeClock` does not wait.
        chance: Gives random numbers from 0 to 1, for the jitter of those waits.

    Raises:
        ConfigurationError: No server is named and none runs, or something that was named cannot be used.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        connect_timeout_seconds: float | None = 10.0,
        idle_timeout_seconds: float | None = 60.0,
        total_timeout_seconds: float | None = None,
        proxy: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        max_retries: int = 2,
        max_continues: int = 8,
        max_line_bytes: int | None = None,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        options = Options(
            timeouts=Timeouts(connect=connect_timeout_seconds, idle=idle_timeout_seconds),
            total_timeout_seconds=total_timeout_seconds,
            proxy=proxy,
            ca_file=ca_file,
            max_retries=max_retries,
            max_continues=max_continues,
            max_line_bytes=max_line_bytes,
            clock=clock or SystemClock(),
            chance=chance,
        )
        self._connection: Connection = connect(base_url, token, options)

    @property
    def base_url(self) -> str:
        """The server's address, always with its port."""
        return self._connection.exchange.address

    async def create_session(
        self,
        *,
        workspace: str | None = None,
        model: str | None = None,
        limits: dict[str, Any] | None = None,
        network: bool | None = None,
    ) -> AsyncSession:
        """Make a session. Without arguments this works on the original server too.

        Args:
            workspace: A directory of the server's machine to work in, absolute; only on a server of one's own.
            model: The language model, for instance `openai:NAME`; None for the server's.
            limits: Limits of the session's own: `iterations` and `money_usd` for each prompt, `ceiling_money_usd`,
                `ceiling_tokens` and `ceiling_seconds` for the session.
            network: Whether the agent's commands reach the network; None for what the server gives, usually not.
        """
        wishes = Wishes(workspace, model, limits, network)
        session_id = await self._bounded(make_session(self._connection, wishes))
        return AsyncSession(self._connection, MadeSession(session_id, self._connection, wishes))

    def session(self, session_id: str) -> AsyncSession:
        """A session that there is already. No request is made; one the server does not know is never replaced."""
        return AsyncSession(self._connection, NamedSession(session_id))

    async def ask(self, prompt: str, agent: str = DEFAULT_AGENT, *, max_continues: int | None = None) -> Reply:
        """Ask in a new session and wait for the whole answer. Arguments and errors as for `AsyncSession.chat`."""
        session = await self.create_session()
        return await session.ask(prompt, agent, max_continues=max_continues)

    async def sessions(self) -> list[SessionInfo]:
        """All sessions of this caller, newest first. Not on the original server."""
        return await self._bounded(self._all_sessions())

    async def sign_in(self) -> None:
        """Make sure that there is a token, by a sign-in if there is none. Other calls do so by themselves.

        Raises:
            AuthenticationError: The server does not sign this caller in.
        """
        await self.token()

    async def token(self) -> str:
        """The token that the next call will use, by a sign-in if there is none: for other programs, as their API key.

        Raises:
            AuthenticationError: The server does not sign this caller in.
        """
        return await self._bounded(self._connection.access.token())

    async def sign_out(self) -> None:
        """Revoke the token, where the server can, and forget it.

        Raises:
            RobocodersError: The server could not be asked, or failed: the token may still be valid, and stays.
        """
        await self._bounded(self._sign_out())

    async def close(self) -> None:
        """Close the connections. Calling it again does nothing; other calls then raise `ConfigurationError`."""
        await self._connection.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        """The server's address; never a token."""
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    async def _all_sessions(self) -> list[SessionInfo]:
        found: list[SessionInfo] = []
        before: int | None = None
        while True:
            sessions, following = session_page(await self._connection.fetch(partial(_page, before)))
            found += sessions
            # A page that leads nowhere new ends the list, whatever the server says.
            if following is None or following == before or not sessions:
                return found
            before = following

    async def _sign_out(self) -> None:
        access = self._connection.access
        token = access.held()
        if token is not None:
            try:
                await self._connection.exchange.fetch(requests.sign_out(token))
            except APIStatusError as error:
                if error.status not in _NOTHING_TO_REVOKE:
                    raise
            access.forget()

    async def _bounded(self, call: Awaitable[_T]) -> _T:
        return await bounded(call, self._connection.options.total_timeout_seconds)


def _page(before: int | None, token: str) -> requests.Request:
    request = requests.list_sessions(token)
    return request if before is None else replace(request, path=f"{request.path}?{urlencode({'before': before})}")
