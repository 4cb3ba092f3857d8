from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.hub import MOST_WAITING, Hub, Item
from robocoders.store import Store, StoredEvent
from tests.engine.scenes import Stage
from tests.store.scenes import Clock, end, open_turn, saying, url_of

_BOUND_SECONDS = 60
_EVENTS = 20_000
_FOLLOWERS = 100
_PAGE = 1000
_AT_ONCE = 50
_MIB = 2**20


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    """A stage whose first session has a long log."""
    clock = Clock()
    store = await Store.open(url_of(tmp_path / "data" / "robocoders.db"), now_us=clock)
    turn = await open_turn(store)
    for _ in range(_EVENTS // _PAGE):
        await store.append(turn, [saying("x" * 100)] * _PAGE)
    await end(store, turn)
    stage = Stage(store, clock, tmp_path / "data")
    yield stage
    await stage.leave()
    await store.close()


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def _peak_mib() -> float:
    """The most memory that was held since it was last asked."""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    return peak / _MIB


@pytest.mark.parametrize("after", [0, 7, _EVENTS // 2, _EVENTS])
async def test_a_reader_anywhere_in_a_long_log_holds_a_page_of_it(stage: Stage, after: int, traced: None) -> None:
    """Promise: README, durability: reading on from any event of any log takes flat memory."""
    before = _peak_mib()
    async with asyncio.timeout(_BOUND_SECONDS):
        events = stage.engine.follow("session-1", after, live=False)
        async with aclosing(events):
            expected = after + 1
            async for event in events:
                assert isinstance(event, StoredEvent)
                assert event.id == expected
                expected += 1
    assert expected == _EVENTS + 2
    # All of it would be some twenty times as much.
    assert _peak_mib() - before < 4


class _Talker:
    """An agent that says one thing, and a number of others when it is told."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, _turn: TurnInput, emit: Emit) -> Outcome:
        await emit(saying("Listen."))
        self.begun.set()
        await self.go_on.wait()
        for _ in range(self._count // _AT_ONCE):
            await asyncio.gather(*(emit(saying("y" * 1000)) for _ in range(_AT_ONCE)))
        return Outcome(reason="finished", text="Said.")


async def _ids(items: AsyncGenerator[Item], count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        item = await anext(items)
        assert isinstance(item, StoredEvent)
        found.append(item.id)
    return found


async def test_followers_who_do_not_read_hold_little_and_lose_nothing(stage: Stage, traced: None) -> None:
    """Promise: README, durability: whoever lags reads the log again; nobody's lag is kept in memory without bound."""
    count = MOST_WAITING + 4 * _AT_ONCE
    talker = _Talker(count)
    stage.play(talker)
    handle = await stage.submit("Talk", "session-2")
    await talker.begun.wait()
    async with asyncio.timeout(_BOUND_SECONDS), AsyncExitStack() as stack:
        followers = [stage.engine.follow("session-2", 0, live=True) for _ in range(_FOLLOWERS)]
        for follower in followers:
            await stack.enter_async_context(aclosing(follower))
        # All have the first event, so all have subscribed; the rest comes while nobody reads.
        assert await asyncio.gather(*(_ids(follower, 1) for follower in followers)) == [[1]] * _FOLLOWERS
        before = _peak_mib()
        talker.go_on.set()
        told = [event.id async for event in handle.events() if isinstance(event, StoredEvent)]
        held = _peak_mib() - before
        tracemalloc.stop()
        rest = await asyncio.gather(*(_ids(follower, count + 1) for follower in followers))
    assert told == list(range(1, count + 3))
    assert rest == [told[1:]] * _FOLLOWERS
    # One copy of what was said is some 2 MiB; a copy for each of the hundred would be two hundred.
    assert held < 20


def test_a_mailbox_is_emptied_when_it_is_full() -> None:
    """Promise: ARCHITECTURE, hub: no reader's mailbox holds more than a bounded number of items."""
    hub = Hub()
    events = [StoredEvent("s", number, "t", None, b"{}", "action", 1, 0) for number in range(1, MOST_WAITING * 3)]

    async def news() -> tuple[int, bool]:
        with hub.subscribe("s") as mailbox:
            hub.publish(events)
            told = await mailbox.news()
        return len(told.items), told.lagged

    assert asyncio.run(news()) == (0, True)
