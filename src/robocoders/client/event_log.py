"""Reading a session's log from any event on, through broken connections and restarts of the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from robocoders.client.access import authorized
from robocoders.client.connection import Connection
from robocoders.client.failures import TransportFailure
from robocoders.client.resumption import Resumption
from robocoders.client.transport import Answer
from robocoders.errors import APIConnectionError, RobocodersError, StreamError, TruncatedLineError
from robocoders.wire import requests
from robocoders.wire.codec import StreamItem

__all__ = ["LogReader"]


class LogReader:
    """Reads one session's log.

    Args:
        connection: The server.
        session_id: The session.
        after: Only events with a greater id; 0: all.
        follow: Go on with what comes, until the server stops for good.
        deltas: Live text, too.
    """

    def __init__(
        self, connection: Connection, session_id: str, *, after: int = 0, follow: bool, deltas: bool = False
    ) -> None:
        self._connection = connection
        self._session_id = session_id
        self._follow = follow
        self._deltas = deltas
        self._checks = follow
        self._place = Resumption(
            connection.exchange, after=after, deltas=deltas, max_line_bytes=connection.options.max_line_bytes
        )

    async def items(self) -> AsyncGenerator[StreamItem]:
        """The events of a session after an id, without gap or repeat, and live text where it was asked for.

        Raises:
            StreamError: The log is shorter than what had come of it.
            RobocodersError: With `last_event_id`, from where to go on.
        """
        try:
            while True:
                broken: RobocodersError | None
                cause: BaseException | None = None
                try:
                    answer = await authorized(self._connection.access, self._open)
                    async with answer, aclosing(self._place.read(answer, may_leave=True)) as items:
                        async for item in items:
                            yield item
                    if self._place.was_left:
                        continue
                    broken = self._missing_end()
                except TransportFailure as failure:
                    broken, cause = failure.error, failure.__cause__
                except (TruncatedLineError, APIConnectionError) as error:
                    if isinstance(error, APIConnectionError) and not self._place.attempts.patient:
                        raise
                    broken, cause = error, error.__cause__
                if broken is None:
                    return
                self._checks = True
                if not await self._place.goes_on(broken, repeatable=True):
                    raise broken from cause
        except RobocodersError as error:
            error.session_id = error.session_id or self._session_id
            error.last_event_id = self._place.last_id
            raise

    async def _open(self, token: str) -> Answer:
        place = self._place
        if self._checks:
            await place.check_log(token, self._session_id)
        request = requests.session_events(
            token,
            self._session_id,
            after=place.last_id or 0,
            follow=self._follow,
            deltas=self._deltas,
            offset=place.offset,
        )
        return await self._connection.exchange.open(request, session_id=self._session_id, attempts=place.attempts)

    def _missing_end(self) -> RobocodersError | None:
        """What is wrong with a body that came to its end: one that follows has none while its server runs."""
        if not self._follow or not self._connection.exchange.idempotent:
            return None
        return StreamError(f"{self._connection.exchange.address} ended the log although it was to be followed")
