"""Reading the log and what comes after it, without a gap and without a repeat."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from robocoders.engine.hub import Hub, Item, News
from robocoders.engine.live_place import LivePlace
from robocoders.store import LiveReset, LiveText, Store, StoredEvent

__all__ = ["follow_log", "only_of_turn"]


async def follow_log(
    store: Store, hub: Hub, session_id: str, *, after: int, live: bool, deltas: bool = False, offset: int = 0
) -> AsyncGenerator[Item, None]:
    """Yield a session's events after an id.

    A closing message for which the log had no room comes live only, with the id 0.

    Args:
        store: Where the log is.
        hub: Where news comes from.
        session_id: The session.
        after: The id after which to begin; 0 for all.
        live: Whether to go on with what comes, until the hub says that nothing will; else, and in a deleted session,
            the log's end is the end.
        deltas: Whether to yield the text of the event to come, too.
        offset: How many characters of that text the reader has already, from an earlier reading up to `after`.
    """
    with hub.subscribe(session_id, live=deltas) as subscription:
        reader = _Reader(store, session_id, after, offset, deltas=deltas)
        if live:
            # The hub told of a deletion those who had subscribed by then; of an earlier one the store knows.
            session = await store.session(session_id)
            live = session is None or session.deleted_at_us is None
        async with aclosing(reader.past()) as past:
            async for item in past:
                yield item
        while live:
            news = await subscription.news()
            for part in reader.take_news(news):
                yield part
            if reader.missed:
                async with aclosing(reader.past()) as missing:
                    async for item in missing:
                        yield item
            for event in news.last_words:
                yield event
            live = not news.closed


async def only_of_turn(items: AsyncGenerator[Item, None], turn_id: str, *, told: int) -> AsyncGenerator[Item, None]:
    """Yield what belongs to one turn.

    Args:
        items: What `follow_log` yields; the caller closes it.
        turn_id: The turn.
        told: The id of the event to come of which the reader brought text; 0 for none. The withdrawal of text that
            the reader never had is not for it.
    """
    async for item in items:
        if isinstance(item, LiveReset):
            if item.event_id == told:
                yield item
        elif item.turn_id == turn_id:
            told = item.event_id if isinstance(item, LiveText) else 0
            yield item


class _Reader:
    """How far one reader has come.

    Attributes:
        missed: Whether there is something in the store that it was not told of in order.
    """

    def __init__(self, store: Store, session_id: str, after: int, offset: int, *, deltas: bool) -> None:
        self._store = store
        self._session_id = session_id
        self._last = after
        self._deltas = deltas
        self._place = LivePlace(after + 1, offset)
        self.missed = False

    async def past(self) -> AsyncGenerator[Item, None]:
        """What is in the store after the reader's place."""
        while page := await self._store.events(self._session_id, after=self._last):
            for event in page:
                if self.missed and self._place.offset:
                    # What it was not told may have been that the text it has is withdrawn: better once too often.
                    yield LiveReset(self._session_id, event.id, self._place.generation + 1)
                for part in self._take(event):
                    yield part
        self.missed = False
        if self._deltas:
            text = await self._store.live_text(self._session_id)
            if text is not None and text.event_id == self._last + 1:
                for part in self._place.catch_up(text):
                    yield part

    def take_news(self, news: News) -> Iterator[Item]:
        """What to yield of the news."""
        self.missed = news.lagged
        for item in news.items:
            if self._fits(item):
                yield from self._take(item)
            elif not self._knows(item):
                # Two commits were published in the other order, or it subscribed in between: the store has all.
                self.missed = True

    def _fits(self, item: Item) -> bool:
        return item.id == self._last + 1 if isinstance(item, StoredEvent) else self._place.fits(item)

    def _knows(self, item: Item) -> bool:
        return item.id <= self._last if isinstance(item, StoredEvent) else self._place.knows(item)

    def _take(self, item: Item) -> Iterator[Item]:
        if not isinstance(item, StoredEvent):
            yield from self._place.take(item)
            return
        self._last = item.id
        self._place = LivePlace(item.id + 1, 0)
        yield item
