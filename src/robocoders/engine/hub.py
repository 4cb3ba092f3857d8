"""Telling readers what was committed.

A reader subscribes before it reads the log, so nothing falls between the two; what it hears twice it drops by the id.
It never buffers without bound: a reader that lags loses what waits for it and is told to read the log again, where
everything is.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from robocoders.store.rows import LiveReset, LiveText, StoredEvent

__all__ = ["MOST_WAITING", "MOST_WAITING_BYTES", "Hub", "Item", "News", "Subscription"]

Item = StoredEvent | LiveText | LiveReset
"""What a reader may get: an event of the log, text of the event to come, or that text's withdrawal."""

MOST_WAITING = 1000
"""How many items may wait for one reader."""

MOST_WAITING_BYTES = 4 * 1024 * 1024
"""How many bytes of events and text may wait for one reader."""


@dataclass(frozen=True, slots=True)
class News:
    """What has come for a reader.

    Attributes:
        items: What was committed, oldest first.
        lagged: Whether something was lost to this reader; it is in the log.
        last_words: Closing messages for which the log had no room. They have no id.
        closed: Whether nothing more will come.
    """

    items: Sequence[Item]
    lagged: bool
    last_words: Sequence[StoredEvent]
    closed: bool


class Subscription:
    """One reader's mailbox.

    Args:
        live: Whether it takes the text of events to come, too.
    """

    def __init__(self, *, live: bool = False) -> None:
        self.live = live
        self._items: deque[Item] = deque()
        self._size_bytes = 0
        self._lagged = False
        self._last_words: list[StoredEvent] = []
        self._closed = False
        self._something = asyncio.Event()

    def put(self, item: Item) -> None:
        """Add what was committed; where it is one too many, all that wait are dropped."""
        if not self._lagged:
            self._items.append(item)
            self._size_bytes += _size_bytes(item)
            if len(self._items) > MOST_WAITING or self._size_bytes > MOST_WAITING_BYTES:
                self._drop()
                self._lagged = True
        self._something.set()

    def put_last_word(self, event: StoredEvent) -> None:
        """Add a closing message that is not in the log. It is never dropped."""
        self._last_words.append(event)
        self._something.set()

    def close(self) -> None:
        """Say that nothing more will come."""
        self._closed = True
        self._something.set()

    async def news(self) -> News:
        """Wait until there is something, and take it all."""
        await self._something.wait()
        # A closed mailbox stays readable: whoever asks again is told again.
        if not self._closed:
            self._something.clear()
        news = News(tuple(self._items), self._lagged, tuple(self._last_words), self._closed)
        self._drop()
        self._lagged = False
        self._last_words = []
        return news

    def _drop(self) -> None:
        self._items.clear()
        self._size_bytes = 0


class Hub:
    """The mailboxes of all readers, by session."""

    def __init__(self) -> None:
        self._readers: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._closed = False

    @contextmanager
    def subscribe(self, session_id: str, *, live: bool = False) -> Generator[Subscription, None, None]:
        """Open a mailbox for what comes from now on; with `live` the text of events to come, too."""
        subscription = Subscription(live=live)
        if self._closed:
            subscription.close()
        self._readers[session_id].add(subscription)
        try:
            yield subscription
        finally:
            readers = self._readers[session_id]
            readers.discard(subscription)
            if not readers:
                del self._readers[session_id]

    def publish(self, events: Sequence[StoredEvent]) -> None:
        """Pass on events that are committed."""
        for event in events:
            for subscription in self._readers.get(event.session_id, ()):
                subscription.put(event)

    def publish_live(self, item: LiveText | LiveReset) -> None:
        """Pass on text of an event to come, or its withdrawal, after it was committed."""
        for subscription in self._readers.get(item.session_id, ()):
            if subscription.live:
                subscription.put(item)

    def publish_last_word(self, event: StoredEvent) -> None:
        """Pass on a closing message that could not be committed."""
        for subscription in self._readers.get(event.session_id, ()):
            subscription.put_last_word(event)

    def close_session(self, session_id: str) -> None:
        """Tell a session's readers that nothing more will come."""
        for subscription in self._readers.get(session_id, ()):
            subscription.close()

    def close(self) -> None:
        """Tell all readers that nothing more will come, those that come later too."""
        self._closed = True
        for session_id in tuple(self._readers):
            self.close_session(session_id)


def _size_bytes(item: Item) -> int:
    if isinstance(item, StoredEvent):
        return len(item.body)
    return len(item.text) if isinstance(item, LiveText) else 0
