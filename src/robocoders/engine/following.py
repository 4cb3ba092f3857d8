"""Reading the log and what comes after it, without a gap and without a repeat."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from robocoders.engine.hub import Hub
from robocoders.store import Store, StoredEvent

__all__ = ["follow_log"]


async def follow_log(
    store: Store, hub: Hub, session_id: str, *, after: int, live: bool
) -> AsyncGenerator[StoredEvent, None]:
    """Yield a session's events after an id.

    A closing message for which the log had no room comes live only, with the id 0.

    Args:
        store: Where the log is.
        hub: Where news comes from.
        session_id: The session.
        after: The id after which to begin; 0 for all.
        live: Whether to go on with what comes, until the hub says that nothing will; else, and in a deleted session,
            the log's end is the end.
    """
    last = after
    with hub.subscribe(session_id) as subscription:
        if live:
            # The hub told of a deletion those who had subscribed by then; of an earlier one the store knows.
            session = await store.session(session_id)
            live = session is None or session.deleted_at_us is None
        async with aclosing(_read_log(store, session_id, last)) as past:
            async for event in past:
                yield event
                last = event.id
        while live:
            news = await subscription.news()
            missed = news.lagged
            for event in news.events:
                if event.id == last + 1:
                    yield event
                    last = event.id
                elif event.id > last:
                    # Two commits were published in the other order; the log has both in theirs.
                    missed = True
            if missed:
                async with aclosing(_read_log(store, session_id, last)) as missing:
                    async for event in missing:
                        yield event
                        last = event.id
            for event in news.last_words:
                yield event
            live = not news.closed


async def _read_log(store: Store, session_id: str, after: int) -> AsyncGenerator[StoredEvent, None]:
    while page := await store.events(session_id, after=after):
        for event in page:
            yield event
        after = page[-1].id
