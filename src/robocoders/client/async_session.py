"""A session of the asynchronous client."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from robocoders.client.connection import Connection
from robocoders.client.conversation import Conversation, Prompt
from robocoders.client.deadline import bounded, bounded_events
from robocoders.client.event_log import read_log
from robocoders.client.own_session import NamedSession
from robocoders.client.replies import Code, Reply, SessionInfo, answer_text, session_info
from robocoders.errors import APITimeoutError, InvalidLineError
from robocoders.events import Event
from robocoders.wire import requests
from robocoders.wire.answers import json_object, session_code_from_body
from robocoders.wire.protocol import DEFAULT_AGENT

__all__ = ["AsyncSession"]

_log = logging.getLogger("robocoders.client")


class AsyncSession:
    """A conversation with an agent in a workspace of its own. Made by `AsyncRobocoders.create_session` or `session`.

    All its methods raise `APIConnectionError` when the server does not answer, `APIStatusError` when it refuses, and
    `ProtocolError` when what it answers is not of this protocol.
    """

    def __init__(self, connection: Connection, policy: NamedSession) -> None:
        self._connection = connection
        self._policy = policy

    @property
    def id(self) -> str:
        """The session's id. It changes when the server lost a new session before its first answer."""
        return self._policy.id

    async def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
    ) -> AsyncGenerator[Event]:
        """Ask the agent and get the events of its turn as they come. Nothing happens before the first step.

        A line that is no event is logged (its length, never its content) and skipped; an answer of nothing else is a
        `ProtocolError`.

        The last event is a `MessageAction` whose `reason` says why the turn ended. Where an allowance is used up and
        the server says so, the turn goes on by itself. Closing the iterator drops the connection; the agent works on
        until `cancel`.

        Args:
            prompt: What is asked, at most 1,000,000 characters.
            agent: One of `GeneralCodingAgent`, `RepoAgent`, `FrontEndAgent`.
            max_continues: How often to go on by itself; None for what the client was made with.
            if_busy_refuse: Raise `ConflictError` when the session is busy, instead of waiting for its turn.

        Raises:
            StreamError: The answer broke off, and the server does not announce that it would run the prompt only
                once; `last_event_id` says how far it came.
            APITimeoutError: The server fell silent for the idle timeout, or the total timeout is over.
        """
        options = self._connection.options
        conversation = Conversation(
            self._connection.exchange,
            self._connection.access,
            self._policy,
            Prompt(prompt, agent, if_busy_refuse=if_busy_refuse),
            max_continues=options.max_continues if max_continues is None else max_continues,
            max_line_bytes=options.max_line_bytes,
            on_invalid_line=_log_invalid_line,
        )
        try:
            async with aclosing(bounded_events(conversation.events(), options.total_timeout_seconds)) as events:
                async for event in events:
                    self._policy.note_answer()
                    yield event
        except APITimeoutError as error:
            error.session_id, error.last_event_id = self.id, conversation.last_event_id
            raise

    async def ask(self, prompt: str, agent: str = DEFAULT_AGENT, *, max_continues: int | None = None) -> Reply:
        """Ask the agent and wait for its whole answer. Arguments and errors as for `chat`."""
        async with aclosing(self.chat(prompt, agent, max_continues=max_continues)) as stream:
            events = [event async for event in stream]
        return Reply(answer_text(events), tuple(events), self.id, _reason(events))

    async def events(self, after: int = 0, *, follow: bool = True) -> AsyncGenerator[Event]:
        """The session's events from its log, each once, through broken connections. Not on the original server.

        Args:
            after: Only events with a greater id; 0: all.
            follow: Go on with what comes, until the server stops; False: end with the newest.
        """
        log = read_log(self._connection, self.id, after=after, follow=follow)
        async with aclosing(bounded_events(log, self._connection.options.total_timeout_seconds)) as events:
            async for event in events:
                yield event

    async def cancel(self) -> bool:
        """Stop what the session is doing. False: it did nothing. Not on the original server."""
        body = await self._fetch(lambda token: requests.cancel(token, self.id))
        return json_object(body, "cancel").get("cancelled") is not False

    async def code(self, github_username: str) -> Code | None:
        """A repository with the session's files, readable for a GitHub user; None: the server has none to give."""
        body = await self._fetch(lambda token: requests.session_code(token, self.id, github_username))
        found = session_code_from_body(body)
        return None if found is None else Code(*found)

    async def info(self) -> SessionInfo:
        """What the server knows of the session. Not on the original server."""
        body = await self._fetch(lambda token: requests.show_session(token, self.id))
        return session_info(json_object(body, "a session"))

    async def delete(self) -> None:
        """Delete the session with its events. Not on the original server."""
        await self._fetch(lambda token: requests.delete_session(token, self.id))

    async def _fetch(self, build: Callable[[str], requests.Request]) -> bytes:
        call = self._connection.fetch(build, session_id=self.id)
        return await bounded(call, self._connection.options.total_timeout_seconds)

    def __repr__(self) -> str:
        """Its id."""
        return f"{type(self).__name__}(id={self.id!r})"


def _log_invalid_line(error: InvalidLineError) -> None:
    # The error tells the line's length and nothing of its content.
    _log.warning("Skipped: %s", error)


def _reason(events: list[Event]) -> str | None:
    reason = getattr(events[-1], "reason", None) if events else None
    return reason if isinstance(reason, str) else None
