"""One stream of events over broken connections: where it is, and whether it is worth going on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from robocoders.client.event_stream import read_items
from robocoders.client.exchange import Attempts, Exchange
from robocoders.client.transport import Answer
from robocoders.errors import APIStatusError, APITimeoutError, InvalidLineError, RobocodersError, StreamError
from robocoders.events import Event, TextDelta
from robocoders.wire import requests
from robocoders.wire.answers import json_object
from robocoders.wire.codec import StreamItem
from robocoders.wire.live_text import LiveTextReader
from robocoders.wire.retrying import Failure

__all__ = ["LONG_LIVED_SECONDS", "MOST_BARREN", "Resumption"]

LONG_LIVED_SECONDS: Final = 30.0
"""A connection that stood for so long counts as progress: a quiet session may be followed for days."""

MOST_BARREN: Final = 64
"""How many bodies in a row that bring nothing new the server may give out and break off."""

_ANSWERED = 3
"""A server that gave out a body is there: from this attempt on, half a minute is left to reach it again."""
_MOST_LOSSES = 8
"""How often between two events the beginning of a live text is asked for; then its event is waited for."""
_UNKNOWN_ROUTE = frozenset({404, 405})


class Resumption:
    """The place in a stream, and how the attempts to read on went.

    Args:
        exchange: The server.
        after: The id after which the stream begins; None where it is not known.
        deltas: Whether live text passes, too.
        max_line_bytes: Longest line; None for no limit.
        on_invalid_line: Told of each line that is no JSON object, which is then skipped; None raises it instead.

    Attributes:
        attempts: The failures since something new came.
        last_id: The id of the last event that passed, else `after`.
        was_left: The last body was left early, because the beginning of its live text is missing: read on at once.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        after: int | None = None,
        deltas: bool = False,
        max_line_bytes: int | None = None,
        on_invalid_line: Callable[[InvalidLineError], None] | None = None,
    ) -> None:
        self.attempts = Attempts(resumable=True)
        self.last_id = after
        self.was_left = False
        self._exchange = exchange
        self._deltas = deltas
        self._max_line_bytes = max_line_bytes
        self._on_invalid_line = on_invalid_line
        self._live = LiveTextReader()
        self._furthest = (0, 0)
        self._losses = 0
        self._barren = 0
        self._opened_at: float | None = None

    @property
    def offset(self) -> int:
        """Where to take up the live text, in characters."""
        return self._live.offset

    async def read(self, answer: Answer, *, may_leave: bool) -> AsyncGenerator[StreamItem]:
        """What is new in a body: nothing that an earlier body had; ids grow (protocol fact).

        Args:
            answer: The answer; the caller closes it.
            may_leave: Leave it where the beginning of its live text is missing: another body may be asked for.

        Raises:
            TransportFailure: The body broke off or fell silent.
            RobocodersError: As `read_items` does.
        """
        seen, self.was_left = self.last_id, False
        self._opened_at = asyncio.get_running_loop().time()
        self._live.note_resumption()
        body = read_items(
            answer, deltas=self._deltas, max_line_bytes=self._max_line_bytes, on_invalid_line=self._on_invalid_line
        )
        async with aclosing(body) as items:
            async for item in items:
                if isinstance(item, Event) and item.id is not None:
                    if seen is not None and item.id <= seen:
                        continue
                    self.last_id = item.id
                for shown in self._live.feed(item):
                    self._note_progress(shown)
                    yield shown
                if may_leave and self._live.is_lost and self._losses < _MOST_LOSSES:
                    self._losses += 1
                    self.was_left = True
                    return

    async def goes_on(self, broken: RobocodersError, *, repeatable: bool) -> bool:
        """Count a body that broke off, wait as the rule says, and return whether to ask for the rest.

        Args:
            broken: How it ended.
            repeatable: Asking once more does no harm.
        """
        opened_at, self._opened_at = self._opened_at, None
        if opened_at is not None and not isinstance(broken, APITimeoutError):
            stood = asyncio.get_running_loop().time() - opened_at
            if stood >= LONG_LIVED_SECONDS:
                self.attempts.failed = 0
            elif self._barren < MOST_BARREN:
                # A prompt that waits for its turn hears nothing for long, however often its server is restarted.
                self._barren += 1
                self.attempts.failed = min(self.attempts.failed, _ANSWERED)
        self.attempts.patient |= repeatable
        return await self._exchange.may_repeat(self.attempts, Failure(sent=True), repeatable=repeatable)

    async def check_log(self, token: str, session_id: str) -> None:
        """See that the server still has what came, where it tells.

        Else a prompt would run once more, or nothing would ever come.

        Raises:
            StreamError: The session's log ends before the last event that came.
            RobocodersError: The server could not be asked, or refused.
        """
        if not self.last_id:
            return
        request = requests.show_session(token, session_id)
        try:
            body = await self._exchange.fetch(request, session_id=session_id, attempts=self.attempts)
        except APIStatusError as error:
            if error.status in _UNKNOWN_ROUTE:
                # What is asked for next tells whether it is the session that is not known.
                return
            raise
        newest = json_object(body, "a session").get("last_event_id")
        if isinstance(newest, int) and newest < self.last_id:
            raise StreamError(
                f"{self._exchange.address} no longer has all of the session {session_id}: its log ends at event "
                f"{newest}, but event {self.last_id} had come. Its data was lost, or is an older copy.",
                session_id=session_id,
                last_event_id=self.last_id,
            )

    def _note_progress(self, shown: StreamItem) -> None:
        if isinstance(shown, TextDelta):
            # Text that comes again after it was withdrawn is no progress until it gets further.
            place = (shown.delta_of, shown.offset + len(shown.text))
            if place <= self._furthest:
                return
            self._furthest = place
        elif isinstance(shown, Event):
            self._losses = 0
        else:
            return
        self._barren = 0
        self.attempts.failed = 0
