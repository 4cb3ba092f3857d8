from __future__ import annotations

import asyncio
import random
import tempfile
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.engine.following import follow_log
from robocoders.engine.hub import MOST_WAITING, Hub, Item
from robocoders.engine.live_writing import BUNDLE_CHARACTERS, LiveWriter
from robocoders.errors import StoreError
from robocoders.store import LiveReset, LiveText, Store, StoredEvent, TurnRow
from tests.engine.scenes import PATIENCE_SECONDS, Stage, text_of
from tests.store.scenes import Clock, open_turn, saying, url_of

_SESSION = "session-1"


@dataclass
class _Screen:
    """What one reader has: the events, and the text of the one to come."""

    events: list[StoredEvent] = field(default_factory=list[StoredEvent])
    text: str = ""

    @property
    def last(self) -> int:
        return self.events[-1].id if self.events else 0

    def show(self, item: Item) -> None:
        if isinstance(item, StoredEvent):
            assert item.id == self.last + 1
            assert text_of(item).startswith(self.text)
            self.events.append(item)
            self.text = ""
        elif isinstance(item, LiveReset):
            assert item.event_id == self.last + 1
            self.text = ""
        else:
            assert (item.event_id, item.offset) == (self.last + 1, len(self.text))
            self.text += item.text


_acts = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.text("aé𝄞 \n", min_size=1, max_size=5)),
        st.tuples(st.sampled_from(("withdraw", "finish", "event", "unheard", "read", "leave")), st.just("")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(acts=_acts)
def test_a_reader_has_at_any_time_a_beginning_of_what_is_being_said(acts: list[tuple[str, str]]) -> None:
    """Promise: README, live text: with any losses and reconnections nobody keeps text that was withdrawn."""

    async def scene(directory: Path) -> None:
        store = await Store.open(url_of(directory / "robocoders.db"), now_us=Clock())
        turn = await open_turn(store)
        hub, screen = Hub(), _Screen()
        for act in [*acts, ("read", "")]:
            await _play(store, hub, turn, act)
            if act[0] in ("read", "leave"):
                # Whoever comes back says what it has; what it was not told of in between it gets from the store.
                await _catch_up(store, screen)
                kept = await store.live_text(_SESSION)
                assert screen.text == ("" if kept is None else kept.text)
        assert [event.id for event in screen.events] == list(range(1, await store.last_event_id(_SESSION) + 1))
        await store.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scene(Path(directory)))


async def _play(store: Store, hub: Hub, turn: TurnRow, act: tuple[str, str]) -> None:
    name, text = act
    if name in ("write", "unheard"):
        piece = await store.write_live_text(turn, text or "!")
        if name == "write":
            hub.publish_live(piece)
    elif name in ("withdraw", "event"):
        reset = await store.withdraw_live_text(turn)
        if reset is not None:
            hub.publish_live(reset)
        if name == "event":
            hub.publish(await store.append(turn, [saying("else")]))
    elif name == "finish":
        said = await store.live_text(_SESSION)
        hub.publish(await store.append(turn, [saying("" if said is None else said.text)]))


async def _catch_up(store: Store, screen: _Screen) -> None:
    """Read what there is, from where the reader is; where its text counts no more it is told so."""
    hub = Hub()
    items = follow_log(store, hub, _SESSION, after=screen.last, live=False, deltas=True, offset=len(screen.text))
    async with aclosing(items):
        async for item in items:
            if isinstance(item, StoredEvent) and not text_of(item).startswith(screen.text):
                # The text belonged to an event that came otherwise: readers drop it at the event.
                screen.text = ""
            screen.show(item)


@pytest.mark.parametrize("seed", range(8))
async def test_live_readers_see_what_is_written_in_order(stage: Stage, seed: int) -> None:
    """Promise: README, live text: text comes in order, each character once, and is withdrawn for everybody."""
    chance = random.Random(seed)
    turn = await open_turn(stage.store)
    hub, screen, end = Hub(), _Screen(), chance.randint(5, 40)

    async def read() -> None:
        items = follow_log(stage.store, hub, _SESSION, after=0, live=True, deltas=True)
        async with aclosing(items):
            async for item in items:
                screen.show(item)
                if isinstance(item, StoredEvent) and item.id == end:
                    return

    reading = asyncio.create_task(read())
    while await stage.store.last_event_id(_SESSION) < end:
        name = chance.choice(("write", "write", "write", "withdraw", "finish", "event", "unheard"))
        await _play(stage.store, hub, turn, (name, "x" * chance.randint(1, 3) if name == "write" else ""))
        await asyncio.wait({reading}, timeout=0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reading
    assert [event.id for event in screen.events] == list(range(1, end + 1))


async def test_a_reader_that_lags_is_told_to_drop_what_may_be_withdrawn(stage: Stage) -> None:
    """Promise: README, live text: whoever missed something drops half an answer rather than keep a wrong one."""
    turn = await open_turn(stage.store)
    hub, screen = Hub(), _Screen()
    items = follow_log(stage.store, hub, _SESSION, after=0, live=True, deltas=True)
    async with aclosing(items), asyncio.timeout(PATIENCE_SECONDS):
        await stage.store.write_live_text(turn, "half of an")
        screen.show(await anext(items))
        await stage.store.withdraw_live_text(turn)
        hub.publish(await stage.store.append(turn, [saying("another answer")] * (MOST_WAITING + 1)))
        while screen.last <= MOST_WAITING:
            screen.show(await anext(items))


async def test_text_is_committed_before_it_is_told(stage: Stage) -> None:
    """Promise: README, live text: what somebody saw is in the store, should the server be killed at that moment."""
    turn = await open_turn(stage.store)
    hub = Hub()
    live = LiveWriter(stage.store, hub, turn, resumes=False)
    with hub.subscribe(_SESSION, live=True) as mine, hub.subscribe(_SESSION) as without:
        await live.write("a bundle's worth of waiting")
        news = await mine.news()
        kept = await stage.store.live_text(_SESSION)
        assert kept is not None
        assert [item.text for item in news.items if isinstance(item, LiveText)] == [kept.text]
        await live.write("x" * BUNDLE_CHARACTERS)
        assert len((await mine.news()).items) == 1
        await live.withdraw()
        assert [type(item) for item in (await mine.news()).items] == [LiveReset]
        await live.withdraw()
        hub.publish([])
        hub.close_session(_SESSION)
        assert ((await mine.news()).items, (await without.news()).items) == ((), ())
    await live.close()


async def test_text_that_cannot_be_kept_is_not_shown(stage: Stage) -> None:
    """Promise: README, live text: a store that fails shows as an error of the turn, not as text that is gone later."""
    turn = await open_turn(stage.store)
    hub = Hub()
    live = LiveWriter(stage.store, hub, turn, resumes=False)
    await stage.store.close()
    with hub.subscribe(_SESSION, live=True) as mine:
        with pytest.raises(StoreError):
            await live.write("x" * BUNDLE_CHARACTERS)
        await live.write("waits")
        with pytest.raises(StoreError):
            await live.flush()
        hub.close()
        assert (await mine.news()).items == ()
