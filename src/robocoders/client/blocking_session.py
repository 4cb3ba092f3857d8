"""A session of the blocking client: the asynchronous one, method for method."""

from __future__ import annotations

from typing import Any, Literal, overload

from robocoders.client.async_session import AsyncSession
from robocoders.client.blocking_events import Events, LiveEvents
from robocoders.client.loop_thread import LoopThread
from robocoders.client.replies import Code, Reply, SessionInfo
from robocoders.wire.protocol import DEFAULT_AGENT

__all__ = ["Session"]


class Session:
    """A conversation with an agent in a workspace of its own. Made by `Robocoders.create_session` or `session`.

    Arguments, results and errors are those of `AsyncSession`.
    """

    def __init__(self, owner: object, thread: LoopThread, session: AsyncSession) -> None:
        # Whoever still has a session keeps the client, which would end its thread with itself.
        self._owner = owner
        self._thread = thread
        self._session = session

    @property
    def id(self) -> str:
        """The session's id. It changes when the server lost a new session before its first answer."""
        return self._session.id

    @overload
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: Literal[False] = False,
    ) -> Events: ...
    @overload
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: Literal[True],
    ) -> LiveEvents: ...
    @overload
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: bool,
    ) -> Events | LiveEvents: ...
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: bool = False,
    ) -> Events | LiveEvents:
        """Ask the agent and get the events of its turn as they come. Nothing happens before the first step."""
        if deltas:
            items = self._session.chat(
                prompt, agent, max_continues=max_continues, if_busy_refuse=if_busy_refuse, deltas=True
            )
            return LiveEvents(self._owner, self._thread, items)
        events = self._session.chat(prompt, agent, max_continues=max_continues, if_busy_refuse=if_busy_refuse)
        return Events(self._owner, self._thread, events)

    def ask(self, prompt: str, agent: str = DEFAULT_AGENT, *, max_continues: int | None = None) -> Reply:
        """Ask the agent and wait for its whole answer."""
        return self._thread.run(self._session.ask(prompt, agent, max_continues=max_continues))

    @overload
    def events(self, after: int = 0, *, follow: bool = True, deltas: Literal[False] = False) -> Events: ...
    @overload
    def events(self, after: int = 0, *, follow: bool = True, deltas: Literal[True]) -> LiveEvents: ...
    @overload
    def events(self, after: int = 0, *, follow: bool = True, deltas: bool) -> Events | LiveEvents: ...
    def events(self, after: int = 0, *, follow: bool = True, deltas: bool = False) -> Events | LiveEvents:
        """The session's events from its log, each once, through broken connections. Not on the original server."""
        if deltas:
            return LiveEvents(self._owner, self._thread, self._session.events(after, follow=follow, deltas=True))
        return Events(self._owner, self._thread, self._session.events(after, follow=follow))

    @overload
    def attach(self, *, deltas: Literal[False] = False) -> Events: ...
    @overload
    def attach(self, *, deltas: Literal[True]) -> LiveEvents: ...
    @overload
    def attach(self, *, deltas: bool) -> Events | LiveEvents: ...
    def attach(self, *, deltas: bool = False) -> Events | LiveEvents:
        """The present answer, else the newest one, from its first event to its closing message, whoever asked."""
        if deltas:
            return LiveEvents(self._owner, self._thread, self._session.attach(deltas=True))
        return Events(self._owner, self._thread, self._session.attach())

    def cancel(self) -> bool:
        """Stop what the session is doing. False: it did nothing. Not on the original server."""
        return self._thread.run(self._session.cancel())

    def code(self, github_username: str) -> Code | None:
        """A repository with the session's files, readable for a GitHub user; None: the server has none to give."""
        return self._thread.run(self._session.code(github_username))

    def info(self) -> SessionInfo:
        """What the server knows of the session. Not on the original server."""
        return self._thread.run(self._session.info())

    def set_limits(self, limits: dict[str, Any]) -> SessionInfo:
        """Give the session other limits in place of its own, from its next prompt on. Not on the original server."""
        return self._thread.run(self._session.set_limits(limits))

    def delete(self) -> None:
        """Delete the session with its events. Not on the original server."""
        self._thread.run(self._session.delete())

    def __repr__(self) -> str:
        """Its id."""
        return f"{type(self).__name__}(id={self.id!r})"
