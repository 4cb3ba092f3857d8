"""The blocking client: the asynchronous one on an event loop of its own, method for method."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from robocoders.client.async_client import AsyncRobocoders
from robocoders.client.blocking_session import Session
from robocoders.client.clock import Clock
from robocoders.client.loop_thread import LoopThread
from robocoders.client.replies import Reply, SessionInfo
from robocoders.wire.protocol import DEFAULT_AGENT

__all__ = ["Robocoders"]


class Robocoders:
    """Talks to one Robocoders server. A context manager that closes it; may be used from several threads.

    Arguments, results and errors are those of `AsyncRobocoders`; where that gives an asynchronous iterator, this gives
    a blocking one. One that nobody closed is closed when nothing refers to it any more, or when the program ends.
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
        self._client = AsyncRobocoders(
            base_url,
            token,
            connect_timeout_seconds=connect_timeout_seconds,
            idle_timeout_seconds=idle_timeout_seconds,
            total_timeout_seconds=total_timeout_seconds,
            proxy=proxy,
            ca_file=ca_file,
            max_retries=max_retries,
            max_continues=max_continues,
            max_line_bytes=max_line_bytes,
            clock=clock,
            chance=chance,
        )
        self._thread = LoopThread()
        self._finalizer = weakref.finalize(self, _close, self._thread, self._client)

    @property
    def base_url(self) -> str:
        """The server's address, always with its port."""
        return self._client.base_url

    def create_session(
        self,
        *,
        workspace: str | None = None,
        model: str | None = None,
        limits: dict[str, Any] | None = None,
        network: bool | None = None,
    ) -> Session:
        """Make a session. Without arguments this works on the original server too."""
        made = self._thread.run(
            self._client.create_session(workspace=workspace, model=model, limits=limits, network=network)
        )
        return Session(self, self._thread, made)

    def session(self, session_id: str) -> Session:
        """A session that there is already. No request is made; one the server does not know is never replaced."""
        return Session(self, self._thread, self._client.session(session_id))

    def ask(self, prompt: str, agent: str = DEFAULT_AGENT, *, max_continues: int | None = None) -> Reply:
        """Ask in a new session and wait for the whole answer."""
        return self._thread.run(self._client.ask(prompt, agent, max_continues=max_continues))

    def sessions(self) -> list[SessionInfo]:
        """All sessions of this caller, newest first. Not on the original server."""
        return self._thread.run(self._client.sessions())

    def sign_in(self) -> None:
        """Make sure that there is a token, by a sign-in if there is none. Other calls do so by themselves."""
        self._thread.run(self._client.sign_in())

    def token(self) -> str:
        """As `AsyncRobocoders.token`."""
        return self._thread.run(self._client.token())

    def sign_out(self) -> None:
        """Revoke the token, where the server can, and forget it."""
        self._thread.run(self._client.sign_out())

    def close(self) -> None:
        """Close the connections and end the thread. Calling it again does nothing."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """The server's address; never a token."""
        return f"{type(self).__name__}(base_url={self.base_url!r})"


def _close(thread: LoopThread, client: AsyncRobocoders) -> None:
    thread.close(client.close())
