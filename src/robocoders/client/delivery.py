"""One prompt, sent until the whole of its answer has come: renewed tokens, a lost session, broken streams."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from robocoders.client.access import Access
from robocoders.client.exchange import Exchange
from robocoders.client.failures import TransportFailure
from robocoders.client.resumption import Resumption
from robocoders.client.session_errors import is_session_unusable, lost_session_error
from robocoders.client.transport import Answer
from robocoders.errors import (
    APIConnectionError,
    APIStatusError,
    InvalidLineError,
    ProtocolError,
    RobocodersError,
    StreamError,
    TruncatedLineError,
)
from robocoders.events import Event, MessageAction
from robocoders.wire import requests
from robocoders.wire.codec import StreamItem
from robocoders.wire.protocol import DEFAULT_AGENT

__all__ = ["Delivery", "Prompt", "SessionPolicy"]

_NO_LOST_SESSION = frozenset({408, 409, 413, 422, 429})
"""Refusals that say nothing about the session."""
_GONE = frozenset({404, 410})


class SessionPolicy(Protocol):
    """Which session a prompt goes to."""

    async def session_id(self) -> str:
        """The session to use now.

        Raises:
            RobocodersError: There is none to be had.
        """
        ...

    async def replace(self, lost: str, error: APIStatusError) -> str | None:
        """Another session after the server refused a prompt to `lost`; None to let the error stand.

        Asked at most once a conversation and before its first event: after a 401 that a new token did not mend, and
        after another 4xx that may be about the session. Those statuses show that the prompt was not taken.

        Raises:
            RobocodersError: There should be one, but it is not to be had; or a clearer error than `error`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and how to send it.

    Args:
        text: What is asked.
        agent: The agent's name.
        history_in_prompt: The text carries the conversation before it.
        if_busy_refuse: A busy session answers 409 instead of letting the prompt wait.
        deltas: The answer's live text is wanted, too.
    """

    text: str = field(repr=False)
    agent: str = DEFAULT_AGENT
    history_in_prompt: bool = False
    if_busy_refuse: bool = False
    deltas: bool = False


class Delivery:
    """Sends one prompt and reads its answer to the end.

    Args:
        exchange: The server.
        access: The policy of tokens.
        session: The policy of sessions.
        prompt: What to send.
        may_replace: Whether the session may be replaced; not for a prompt that goes on with what is in it.
        max_line_bytes: Longest line of the answer; None for no limit.
        on_invalid_line: Told of each line that is no JSON object, which is then skipped; None raises it instead.

    Attributes:
        session_id: The session in use; None before the first request.
        is_abandoned: Whether the prompt may have been taken and its answer was not read to the end: it may still run.
    """

    def __init__(
        self,
        exchange: Exchange,
        access: Access,
        session: SessionPolicy,
        prompt: Prompt,
        *,
        may_replace: bool = True,
        max_line_bytes: int | None = None,
        on_invalid_line: Callable[[InvalidLineError], None] | None = None,
    ) -> None:
        self.session_id: str | None = None
        self._exchange = exchange
        self._access = access
        self._session = session
        self._prompt = prompt
        self._may_replace = may_replace
        self._may_renew = True
        self._key = uuid.uuid4().hex
        self._place = Resumption(
            exchange, deltas=prompt.deltas, max_line_bytes=max_line_bytes, on_invalid_line=on_invalid_line
        )
        self._is_complete = False
        self._last: Event | None = None

    @property
    def is_abandoned(self) -> bool:
        return self._place.attempts.may_have_run and not self._is_complete

    @property
    def _is_closed(self) -> bool:
        """Whether the last event is the waiting message that closes a turn."""
        return isinstance(self._last, MessageAction) and self._last.args.wait_for_response

    @property
    def _has_begun(self) -> bool:
        """Whether the prompt may have been taken, so that what is asked for now is the rest of its answer."""
        return self._last is not None or self._place.attempts.may_have_run

    async def items(self) -> AsyncGenerator[StreamItem]:
        """The events of the answer, each once, and live text where it is wanted. Closing it drops the connection.

        Raises:
            RobocodersError: What could not be mended.
        """
        while True:
            broken: RobocodersError | None
            cause: BaseException | None = None
            try:
                answer = await self._open()
                idempotent = self._exchange.idempotent
                async with answer, aclosing(self._place.read(answer, may_leave=idempotent)) as items:
                    async for item in items:
                        self._last = item if isinstance(item, Event) else self._last
                        yield item
                if idempotent and self._place.was_left:
                    continue
                broken = self._missing_end()
            except TransportFailure as failure:
                # A connection that drops after the closing message takes nothing of the answer with it; silence may.
                is_whole = self._is_closed and isinstance(failure.error, StreamError)
                broken, cause = (None, None) if is_whole else (failure.error, failure.__cause__)
            except TruncatedLineError as error:
                broken = error
            except APIConnectionError as error:
                if not self._place.attempts.patient:
                    raise
                broken, cause = error, error.__cause__
            if broken is None:
                self._is_complete = True
                return
            if not await self._place.goes_on(broken, repeatable=self._exchange.idempotent):
                raise self._explained(broken) from cause

    async def _open(self) -> Answer:
        while True:
            token, sid = await self._access.token(), await self._session.session_id()
            self.session_id = sid
            prompt, place = self._prompt, self._place
            request = requests.chat(
                token,
                sid,
                prompt.text,
                prompt.agent,
                key=self._key,
                deltas=prompt.deltas,
                history_in_prompt=prompt.history_in_prompt,
                if_busy_refuse=prompt.if_busy_refuse,
                after=place.last_id or 0,
                offset=place.offset,
            )
            try:
                await place.check_log(token, sid)
                return await self._exchange.open(request, session_id=sid, attempts=place.attempts)
            except APIStatusError as error:
                if not await self._mended(error, token, sid):
                    raise

    async def _mended(self, error: APIStatusError, token: str, sid: str) -> bool:
        """Whether there is now another token or session to try with, and all retries are to be had again."""
        self._place.attempts.failed = 0
        if error.status == 401 and self._may_renew and not is_session_unusable(error):
            self._may_renew = False
            if await self._access.renew(token) is not None:
                return True
        if self._has_begun:
            if error.status in _GONE or is_session_unusable(error):
                raise lost_session_error(
                    error,
                    f"HTTP {error.status}: the server does not know the session {sid} any more, and with it went the "
                    "rest of the answer. The prompt was not sent to another one: it may have run.",
                ) from None
            return False
        about_session = 400 <= error.status < 500 and error.status not in _NO_LOST_SESSION
        if about_session and self._may_replace:
            self._may_replace = False
            if await self._session.replace(sid, error) is not None:
                # The same key with another body would be refused.
                self._key = uuid.uuid4().hex
                return True
        return False

    def _missing_end(self) -> RobocodersError | None:
        """What is wrong with a body that came to its end; None if nothing is."""
        if self._exchange.idempotent and not self._is_closed:
            # Such servers end each turn with a waiting message, and an answer before it only when they stop; the
            # original did not always.
            return StreamError(f"{self._exchange.address} ended its answer before the turn was over")
        if self._last is None:
            return ProtocolError("The server's answer holds no event")
        return None

    def _explained(self, error: RobocodersError) -> RobocodersError:
        if self._exchange.idempotent or isinstance(error, ProtocolError):
            return error
        return type(error)(
            f"{error.message}. The prompt was not sent again: this server does not announce that it would run it "
            "only once, and it may still be running."
        )
