"""A session of the asynchronous client."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Literal, overload

from robocoders.client.attachment import read_answer
from robocoders.client.connection import Connection
from robocoders.client.conversation import Conversation, Prompt
from robocoders.client.deadline import bounded, bounded_events
from robocoders.client.event_log import LogReader
from robocoders.client.event_stream import only_events
from robocoders.client.own_session import NamedSession
from robocoders.client.replies import Code, Reply, SessionInfo, answer_text, session_info
from robocoders.errors import APITimeoutError, InvalidLineError
from robocoders.events import Event, TextDelta, TextReset
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

    @overload
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: Literal[False] = False,
    ) -> AsyncGenerator[Event]: ...
    @overload
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: bool,
    ) -> AsyncGenerator[Event | TextDelta | TextReset]: ...
    def chat(
        self,
        prompt: str,
        agent: str = DEFAULT_AGENT,
        *,
        max_continues: int | None = None,
        if_busy_refuse: bool = False,
        deltas: bool = False,
    ) -> AsyncGenerator[Event] | AsyncGenerator[Event | TextDelta | TextReset]:
        """Ask the agent and get the events of its turn as they come. Nothing happens before the first step.

        A line that is no event is logged (its length, never its content) and skipped; an answer of nothing else is a
        `ProtocolError`.

        The last event is a `MessageAction` whose `reason` says why the turn ended. Where an allowance is used up and
        the server says so, the turn goes on by itself. Closing the iterator drops the connection; the agent works on
        until `cancel`, and `attach` goes on reading.

        From a server that announces that it runs a prompt only once, an answer that breaks off is taken up where it
        was, for half a minute and more without anything new: a restart of the server is not noticed.

        Args:
            prompt: What is asked, at most 1,000,000 characters.
            agent: One of `GeneralCodingAgent`, `RepoAgent`, `FrontEndAgent`.
            max_continues: How often to go on by itself; None for what the client was made with.
            if_busy_refuse: Raise `ConflictError` when the session is busy, instead of waiting for its turn.
            deltas: Live text, too, where the server has it: append a `TextDelta` to what is shown of the event
                `delta_of`, take all of that away at a `TextReset`; the event's text begins with what is shown then.

        Raises:
            StreamError: The answer broke off, and the server does not announce that it would run the prompt only
                once, or has lost what had come; `last_event_id` says how far it came.
            APITimeoutError: The server fell silent for the idle timeout, or the total timeout is over.
        """
        prompted = Prompt(prompt, agent, if_busy_refuse=if_busy_refuse, deltas=deltas)
        items = self._chat(prompted, max_continues)
        return items if deltas else only_events(items)

    async def ask(self, prompt: str, agent: str = DEFAULT_AGENT, *, max_continues: int | None = None) -> Reply:
        """Ask the agent and wait for its whole answer. Arguments and errors as for `chat`."""
        async with aclosing(self.chat(prompt, agent, max_continues=max_continues)) as stream:
            events = [event async for event in stream]
        return Reply(answer_text(events), tuple(events), self.id, _reason(events))

    @overload
    def events(
        self, after: int = 0, *, follow: bool = True, deltas: Literal[False] = False
    ) -> AsyncGenerator[Event]: ...
    @overload
    def events(
        self, after: int = 0, *, follow: bool = True, deltas: bool
    ) -> AsyncGenerator[Event | TextDelta | TextReset]: ...
    def events(
        self, after: int = 0, *, follow: bool = True, deltas: bool = False
    ) -> AsyncGenerator[Event] | AsyncGenerator[Event | TextDelta | TextReset]:
        """The session's events from its log, each once, through broken connections. Not on the original server.

        Args:
            after: Only events with a greater id; 0: all.
            follow: Go on with what comes, also over a restart of the server; False: end with the newest.
            deltas: Live text, too, as for `chat`.

        Raises:
            StreamError: The log ends before `after`, or before what had come of it: the server's data was lost.
        """
        log = LogReader(self._connection, self.id, after=after, follow=follow, deltas=deltas)
        items = bounded_events(log.items(), self._connection.options.total_timeout_seconds)
        return items if deltas else only_events(items)

    @overload
    def attach(self, *, deltas: Literal[False] = False) -> AsyncGenerator[Event]: ...
    @overload
    def attach(self, *, deltas: bool) -> AsyncGenerator[Event | TextDelta | TextReset]: ...
    def attach(self, *, deltas: bool = False) -> AsyncGenerator[Event] | AsyncGenerator[Event | TextDelta | TextReset]:
        """The present answer, else the newest one, from its first event to its closing message, whoever asked.

        Nothing, where the session has not been asked anything yet. Not on the original server.

        Args:
            deltas: Live text, too, as for `chat`.
        """
        answer = read_answer(self._connection, self.id, deltas=deltas)
        items = bounded_events(answer, self._connection.options.total_timeout_seconds)
        return items if deltas else only_events(items)

    async def cancel(self) -> bool:
        """Stop what the session is doing. False: it did nothing. Not on the original server."""
        key = uuid.uuid4().hex
        body = await self._fetch(lambda token: requests.cancel(token, self.id, key=key))
        return json_object(body, "cancel").get("cancelled") is not False

    async def code(self, github_username: str) -> Code | None:
        """A repository with the session's files, readable for a GitHub user; None: the server has none to give."""
        key = uuid.uuid4().hex
        body = await self._fetch(lambda token: requests.session_code(token, self.id, github_username, key=key))
        found = session_code_from_body(body)
        return None if found is None else Code(*found)

    async def info(self) -> SessionInfo:
        """What the server knows of the session. Not on the original server."""
        body = await self._fetch(lambda token: requests.show_session(token, self.id))
        return session_info(json_object(body, "a session"))

    async def set_limits(self, limits: dict[str, Any]) -> SessionInfo:
        """Give the session other limits in place of its own, from its next prompt on. Not on the original server.

        Args:
            limits: As for `create_session`; the one way to lift a ceiling.
        """
        body = await self._fetch(lambda token: requests.change_session(token, self.id, limits))
        return session_info(json_object(body, "a session"))

    async def delete(self) -> None:
        """Delete the session with its events. Not on the original server."""
        key = uuid.uuid4().hex
        await self._fetch(lambda token: requests.delete_session(token, self.id, key=key))

    async def _chat(self, prompt: Prompt, max_continues: int | None) -> AsyncGenerator[Event | TextDelta | TextReset]:
        options = self._connection.options
        conversation = Conversation(
            self._connection.exchange,
            self._connection.access,
            self._policy,
            prompt,
            max_continues=options.max_continues if max_continues is None else max_continues,
            max_line_bytes=options.max_line_bytes,
            on_invalid_line=_log_invalid_line,
        )
        try:
            async with aclosing(bounded_events(conversation.items(), options.total_timeout_seconds)) as items:
                async for item in items:
                    self._policy.note_answer()
                    yield item
        except APITimeoutError as error:
            error.session_id, error.last_event_id = self.id, conversation.last_event_id
            raise

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
