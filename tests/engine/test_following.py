from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.engine.following import follow_log
from robocoders.engine.hub import MOST_WAITING, MOST_WAITING_BYTES, Hub, Item, Subscription
from robocoders.store import Store, StoredEvent
from tests.engine.scenes import PATIENCE_SECONDS, Stage, first, ids_of
from tests.store.scenes import Clock, open_turn, saying, url_of

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 5)),
        st.tuples(st.just("swap"), st.just(0)),
        st.tuples(st.just("again"), st.just(0)),
        st.tuples(st.just("read"), st.integers(1, 6)),
    ),
    max_size=15,
)


@settings(max_examples=30, deadline=None)
@given(steps=_steps, after=st.integers(0, 6))
def test_a_follower_sees_the_log_without_gap_or_repeat(steps: list[tuple[str, int]], after: int) -> None:
    """Promise: README, HTTP: whoever reads on after any id gets no gap and no repeat, however news arrives."""

    async def scene(directory: Path) -> None:
        store = await Store.open(url_of(directory / "robocoders.db"), now_us=Clock())
        turn = await open_turn(store)
        hub = Hub()
        seen: list[int] = []
        async with aclosing(follow_log(store, hub, "session-1", after=after, live=True)) as events:
            for step, size in steps:
                if step == "append":
                    hub.publish(await store.append(turn, [saying("x")] * size))
                elif step == "swap":
                    one, other = [await store.append(turn, [saying("x")]) for _ in range(2)]
                    hub.publish(other)
                    hub.publish(one)
                elif step == "again":
                    hub.publish(await store.events("session-1"))
                else:
                    left = await store.last_event_id("session-1") - max([after, *seen])
                    seen += [(await first(events)).id for _ in range(min(size, left))]
            last = await store.last_event_id("session-1")
            seen += [(await first(events)).id for _ in range(last - max([after, *seen]))]
        assert seen == list(range(after + 1, last + 1))
        await store.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scene(Path(directory)))


def _event(number: int, size_bytes: int = 10) -> StoredEvent:
    return StoredEvent(
        session_id="session-1",
        id=number,
        turn_id="turn",
        cause=None,
        body=b"x" * size_bytes,
        visibility="action",
        schema_version=1,
        created_at_us=number,
    )


async def _until_live(hub: Hub, events: AsyncIterator[Item]) -> None:
    """Read until the follower has left the past behind: last words come live only."""
    waiting = asyncio.create_task(first(events))
    await asyncio.wait({waiting}, timeout=0)
    hub.publish_last_word(_event(0))
    assert (await waiting).id == 0


async def test_a_follower_that_lags_reads_the_log_again(stage: Stage) -> None:
    """Promise: README, HTTP: a slow reader costs no memory and loses nothing."""
    turn = await open_turn(stage.store)
    hub = Hub()
    async with aclosing(follow_log(stage.store, hub, "session-1", after=0, live=True)) as events:
        await _until_live(hub, events)
        hub.publish(await stage.store.append(turn, [saying("x")] * (MOST_WAITING + 500)))
        for number in range(1, MOST_WAITING + 501):
            assert (await first(events)).id == number


async def test_commits_published_out_of_order_are_read_in_order(stage: Stage) -> None:
    """Promise: README, HTTP: every reader gets the events in the order of their ids."""
    turn = await open_turn(stage.store)
    hub = Hub()
    async with aclosing(follow_log(stage.store, hub, "session-1", after=0, live=True)) as events:
        await _until_live(hub, events)
        one, two, three, four = [await stage.store.append(turn, [saying("x")]) for _ in range(4)]
        hub.publish([*two, *one])
        assert [(await first(events)).id for _ in range(4)] == [1, 2, 3, 4]
        hub.publish([*three, *four, *two])
        five, six = [await stage.store.append(turn, [saying("x")]) for _ in range(2)]
        hub.publish([*six, *five, *six])
        assert [(await first(events)).id for _ in range(2)] == [5, 6]
        hub.publish([])
        hub.publish_last_word(_event(0))
        assert (await first(events)).id == 0


async def test_a_mailbox_never_holds_more_than_its_bounds() -> None:
    """Promise: ARCHITECTURE, engine: nothing is buffered without bound; who lags is told to read the log again."""
    by_count, by_size = Subscription(), Subscription()
    for number in range(1, MOST_WAITING + 1):
        by_count.put(_event(number))
    assert len((await by_count.news()).items) == MOST_WAITING
    for number in range(1, MOST_WAITING + 10):
        by_count.put(_event(number))
    news = await by_count.news()
    assert (news.lagged, len(news.items)) == (True, 0)
    by_size.put(_event(1, MOST_WAITING_BYTES))
    by_size.put(_event(2, 1))
    by_size.put(_event(3, 1))
    news = await by_size.news()
    assert (news.lagged, len(news.items)) == (True, 0)
    by_size.put(_event(4, 1))
    news = await by_size.news()
    assert (news.lagged, list(news.items)) == (False, [_event(4, 1)])


async def test_last_words_are_never_dropped() -> None:
    """Promise: README, faults: a closing message that is in no log reaches every reader, a slow one too."""
    subscription = Subscription()
    subscription.put_last_word(replace(_event(0), closes_turn=True))
    for number in range(1, MOST_WAITING + 10):
        subscription.put(_event(number))
    news = await subscription.news()
    assert (news.lagged, [event.id for event in news.last_words]) == (True, [0])


async def test_readers_are_told_when_nothing_more_will_come(stage: Stage) -> None:
    """Promise: README, serve: at a stop every open stream ends, after what was committed."""
    turn = await open_turn(stage.store)
    hub = Hub()

    async def read_all() -> list[int]:
        return await ids_of(follow_log(stage.store, hub, "session-1", after=0, live=True))

    with hub.subscribe("session-2") as other:
        reading = asyncio.create_task(read_all())
        await asyncio.wait({reading}, timeout=0)
        hub.publish(await stage.store.append(turn, [saying("x")]))
        hub.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await reading == [1]
            assert (await other.news()).closed
            assert (await other.news()).closed
            assert await read_all() == [1]


async def test_a_reader_who_comes_just_after_a_deletion_is_let_go(stage: Stage) -> None:
    """Promise: README, delete: a deleted session has no readers that wait for ever, however late they subscribed."""
    await open_turn(stage.store)
    await stage.engine.delete_session("session-1")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await ids_of(stage.engine.follow("session-1", 0, live=True)) == []


async def test_news_goes_to_the_readers_of_its_session_alone() -> None:
    """Promise: SECURITY: a reader hears nothing of other sessions."""
    hub = Hub()
    with hub.subscribe("session-1") as mine, hub.subscribe("session-1") as also_mine, hub.subscribe("other") as other:
        hub.publish([_event(1)])
        hub.publish_last_word(_event(0))
        hub.close_session("other")
        assert list((await mine.news()).items) == [_event(1)]
        assert [event.id for event in (await also_mine.news()).last_words] == [0]
        assert (await other.news()).items == ()
    hub.publish([_event(2)])


async def test_without_live_the_end_of_the_log_is_the_end(stage: Stage) -> None:
    """Promise: README, HTTP: without `follow` a stream of events ends with the newest."""
    turn = await open_turn(stage.store)
    await stage.store.append(turn, [saying("x")] * 3)
    assert await ids_of(stage.engine.follow("session-1", 1, live=False)) == [2, 3]
    assert await ids_of(stage.engine.follow("session-1", 99, live=False)) == []
