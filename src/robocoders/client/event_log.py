"""Reading a session's log from any event on, through broken connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from robocoders.client.access import authorized
from robocoders.client.connection import Connection
from robocoders.client.event_stream import read_events
from robocoders.client.exchange import Attempts
from robocoders.client.failures import TransportFailure
from robocoders.client.transport import Answer
from robocoders.errors import RobocodersError, TruncatedLineError
from robocoders.events import Event
from robocoders.wire import requests
from robocoders.wire.retrying import Failure

__all__ = ["read_log"]


async def read_log(connection: Connection, session_id: str, *, after: int, follow: bool) -> AsyncGenerator[Event]:
    """The events of a session after an id, without gap or repeat.

    Args:
        connection: The server.
        session_id: The session.
        after: Only events with a greater id; 0: all.
        follow: Go on with what comes, until the server stops.

    Raises:
        RobocodersError: With `last_event_id`, from where to go on.
    """
    last_id = after
    attempts = Attempts()
    while True:

        async def open_from(token: str, last_id: int = last_id) -> Answer:
            request = requests.session_events(token, session_id, after=last_id, follow=follow)
            return await connection.exchange.open(request, session_id=session_id, attempts=attempts)

        try:
            answer = await authorized(connection.access, open_from)
            async with (
                answer,
                aclosing(read_events(answer, max_line_bytes=connection.options.max_line_bytes)) as events,
            ):
                async for event in events:
                    attempts.failed = 0
                    last_id = last_id if event.id is None else event.id
                    yield event
            return
        except TransportFailure as failure:
            broken: RobocodersError = failure.error
        except TruncatedLineError as error:
            broken = error
        except RobocodersError as error:
            error.last_event_id = last_id
            raise
        else:
            return
        if not await connection.exchange.may_repeat(attempts, Failure(sent=True), repeatable=True):
            broken.session_id, broken.last_event_id = session_id, last_id
            raise broken
