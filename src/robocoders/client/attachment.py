"""The answer that a session is giving now, or its newest one, whoever asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from robocoders.client.connection import Connection
from robocoders.client.event_log import LogReader
from robocoders.events import Event, MessageAction
from robocoders.wire import requests
from robocoders.wire.answers import json_object
from robocoders.wire.codec import StreamItem

__all__ = ["read_answer"]


async def read_answer(connection: Connection, session_id: str, *, deltas: bool = False) -> AsyncGenerator[StreamItem]:
    """The events of the present answer, else of the newest one, from its first to its closing message.

    Nothing, where the session has not been asked anything yet.

    Args:
        connection: The server.
        session_id: The session.
        deltas: Live text, too.

    Raises:
        NotFoundError: The server does not know the session.
        RobocodersError: As `LogReader.items` does.
    """
    body = await connection.fetch(lambda token: requests.show_session(token, session_id), session_id)
    fields = json_object(body, "a session")
    is_answering = fields.get("state") not in {None, "idle"}
    if "answering_after" in fields:
        after = fields["answering_after"]
    else:
        after = await _place_in_log(connection, session_id, fields, is_answering=is_answering)
    if not isinstance(after, int):
        return
    log = LogReader(connection, session_id, after=after, follow=is_answering, deltas=deltas)
    async with aclosing(log.items()) as items:
        async for item in items:
            yield item
            if isinstance(item, Event) and _closes(item):
                return


async def _place_in_log(
    connection: Connection, session_id: str, fields: dict[str, Any], *, is_answering: bool
) -> int | None:
    """The id after which the answer begins, from the closing messages in the log: older servers do not tell it."""
    if not is_answering and not fields.get("last_event_id"):
        return None
    before_last = last = newest = 0
    async with aclosing(LogReader(connection, session_id, follow=False).items()) as items:
        async for item in items:
            if isinstance(item, Event) and item.id is not None:
                newest = item.id
                if _closes(item):
                    before_last, last = last, newest
    # An answer that was cut has no closing message; then what follows the last one is the newest answer.
    return last if is_answering or newest > last else before_last


def _closes(event: Event) -> bool:
    return isinstance(event, MessageAction) and event.args.wait_for_response
