"""Those who speak and those who follow: clients of both fronts, which reconnect on their own."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from robocoders import Robocoders
from robocoders.client.async_session import AsyncSession
from robocoders.client.blocking_events import BlockingIterator
from robocoders.errors import RobocodersError
from robocoders.events import Event
from tests.chaos.readings import Item, Reading

__all__ = ["RETRIES", "BlockingReaders", "ask", "chat", "follow"]

RETRIES = 12
"""How often a client tries again to reach a server that does not answer: it is down for some seconds at a time."""


async def chat(
    reader: str, session: AsyncSession, prompts: Sequence[str], readings: list[Reading], *, deltas: bool
) -> None:
    """Send prompts one after the other, each after the answer to the last, and note all that comes."""
    for prompt in prompts:
        reading = Reading(reader, session.id, prompt)
        readings.append(reading)
        await ask(reading, session, deltas=deltas)


async def ask(reading: Reading, session: AsyncSession, *, deltas: bool) -> None:
    """Send the prompt of a reading and note all that comes."""
    assert reading.prompt is not None
    await _read(session.chat(reading.prompt, deltas=True) if deltas else session.chat(reading.prompt), reading)


async def follow(reader: str, session: AsyncSession, readings: list[Reading]) -> None:
    """Follow a log with its live text until cancelled.

    A server that stops in order ends its streams in order; then this begins anew after the last id, as documented.
    """
    after = 0
    while True:
        reading = Reading(reader, session.id, after=after)
        readings.append(reading)
        await _read(session.events(after=after, follow=True, deltas=True), reading)
        after = reading.last_id


async def _read(stream: AsyncGenerator[Item], reading: Reading) -> None:
    try:
        async with aclosing(stream) as items:
            async for item in items:
                reading.add(item)
    except RobocodersError as error:
        # No second attempt here: to reconnect is what the client promises.
        reading.gave_up = repr(error)


class BlockingReaders:
    """Clients of the blocking front, one a thread, which all end when they are told to.

    Args:
        url: The server.
        token: A bearer token.
        readings: Takes what they read.
    """

    def __init__(self, url: str, token: str, readings: list[Reading]) -> None:
        self._url = url
        self._token = token
        self._readings = readings
        self._lock = threading.Lock()
        self._open: set[BlockingIterator[Any]] = set()
        self._over = False

    def chat(self, reader: str, session_id: str, prompts: Sequence[str]) -> None:
        """As `chat`, in the calling thread."""
        with Robocoders(self._url, self._token, max_retries=RETRIES) as client:
            for prompt in prompts:
                if self._over:
                    return
                reading = Reading(reader, session_id, prompt)
                self._readings.append(reading)
                self._read(client.session(session_id).chat(prompt, deltas=True), reading)

    def follow(self, reader: str, session_id: str) -> None:
        """As `follow`, without live text, in the calling thread, until `end`."""
        after = 0
        with Robocoders(self._url, self._token, max_retries=RETRIES) as client:
            while not self._over:
                reading = Reading(reader, session_id, after=after)
                self._readings.append(reading)
                self._read(client.session(session_id).events(after=after, follow=True), reading)
                after = reading.last_id

    def end(self) -> None:
        """Let everybody go; blocks for a moment."""
        with self._lock:
            self._over = True
            left = tuple(self._open)
        for events in left:
            events.close()

    def _read(self, events: BlockingIterator[Item] | BlockingIterator[Event], reading: Reading) -> None:
        with self._lock:
            if self._over:
                return
            self._open.add(events)
        try:
            with events:
                for item in events:
                    reading.add(item)
        except RobocodersError as error:
            reading.gave_up = repr(error)
        finally:
            with self._lock:
                self._open.discard(events)
