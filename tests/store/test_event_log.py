from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.events import Event, MessageAction, MessageArgs, RunObservation, UnknownEvent
from robocoders.store import Store, StoredEvent
from robocoders.store.event_log import PAGE_BYTES
from robocoders.wire.codec import decode_event
from tests.store.scenes import (
    Clock,
    end,
    looking_into,
    open_turn,
    saying,
    text_of,
    url_of,
    whole_log,
)

_SESSIONS = ("session-1", "session-2", "session-3")
_appends = st.lists(st.tuples(st.sampled_from(_SESSIONS), st.integers(0, 4)), max_size=40)
_readings = st.lists(st.tuples(st.sampled_from(_SESSIONS), st.integers(0, 50), st.integers(1, 9)), max_size=8)


@settings(max_examples=25, deadline=None)
@given(appends=_appends, readings=_readings)
def test_any_interleaving_of_appends_numbers_each_session_without_a_gap(
    appends: list[tuple[str, int]], readings: list[tuple[str, int, int]]
) -> None:
    """Promise: README, HTTP: ids start at 1 and grow; a reader that starts anywhere gets no gap and no repeat."""

    async def scene(database: Path) -> None:
        store = await Store.open(url_of(database), now_us=Clock())
        turns = {session_id: await open_turn(store, session_id) for session_id in _SESSIONS}
        stored = await asyncio.gather(
            *(
                store.append(turns[session_id], [saying(f"{call}.{place}") for place in range(size)])
                for call, (session_id, size) in enumerate(appends)
            )
        )
        for session_id in _SESSIONS:
            log = await whole_log(store, session_id)
            returned = [event for events in stored for event in events if event.session_id == session_id]
            assert [event.id for event in log] == list(range(1, len(returned) + 1))
            assert sorted(returned, key=lambda event: event.id) == log
        for events in stored:
            assert [event.id for event in events] == list(
                range(events[0].id, events[0].id + len(events)) if events else []
            )
        for session_id, after, limit in readings:
            log = await whole_log(store, session_id)
            assert await store.events(session_id, after=after, limit=limit) == log[after : after + limit]
            assert await whole_log(store, session_id, limit=limit) == log
        await store.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(scene(Path(directory) / "robocoders.db"))


async def test_an_event_is_stored_as_it_goes_over_the_wire(store: Store) -> None:
    """Protocol fact: the original's key order, a naive UTC timestamp with microseconds, the sid last."""
    turn = await open_turn(store)
    [stored] = await store.append(turn, [saying("Привет")])
    assert stored.body.startswith(b'{"id": 1, "timestamp": "2023-11-14T22:13:20.00')
    assert list(json.loads(stored.body)) == ["id", "timestamp", "source", "message", "action", "args", "sid"]
    assert b"\\u041f" in stored.body
    assert (stored.turn_id, stored.visibility, stored.cause, stored.closes_turn) == (turn.id, "action", None, False)
    assert await store.events("session-1") == [stored]
    assert await store.last_event_id("session-1") == 1
    assert await store.last_event_id("session-2") == 0


async def test_an_event_that_was_read_elsewhere_gets_a_number_of_its_own(store: Store) -> None:
    """Promise: ours: an event's id, time and session are those of the log it is in."""
    foreign = decode_event(
        b'{"id": 77, "timestamp": "x", "source": "agent", "message": "hi", "action": "message", "args": {}, "sid": "y"}'
    )
    assert isinstance(foreign, MessageAction)
    [stored] = await store.append(await open_turn(store), [foreign])
    again = decode_event(stored.body)
    assert isinstance(again, MessageAction)
    assert (again.id, again.sid, again.message) == (1, "session-1", "hi")


@pytest.mark.parametrize(
    ("event", "visibility"),
    [
        (saying("said"), "action"),
        (RunObservation(content="done", cause=1), "observation"),
        (UnknownEvent(kind="dance", object={"action": "dance", "args": {}}), "action"),
        (UnknownEvent(kind="applause", object={"observation": "applause"}), "observation"),
        (UnknownEvent(object={"hello": 1}), "action"),
    ],
)
async def test_observations_are_marked_as_such(store: Store, event: Event, visibility: str) -> None:
    """Protocol fact: the plain stream carries actions only; observations are for those who ask for all events."""
    [stored] = await store.append(await open_turn(store), [event])
    assert (stored.visibility, stored.cause) == (visibility, event.cause)
    assert (await store.events("session-1"))[0] == stored


async def test_an_event_that_json_cannot_carry_fails_alone(store: Store) -> None:
    """Promise: ARCHITECTURE, store: who shares a commit with a failing write is not harmed by it."""
    turn = await open_turn(store)
    bad = MessageAction(args=MessageArgs(extras={"score": float("inf")}))
    results = await asyncio.gather(
        *(store.append(turn, [saying("good")]) for _ in range(20)),
        store.append(turn, [saying("good, but with"), bad]),
        *(store.append(turn, [saying("good")]) for _ in range(20)),
        return_exceptions=True,
    )
    assert isinstance(results[20], ValueError)
    assert sum(isinstance(result, list) for result in results) == 40
    assert [event.id for event in await whole_log(store)] == list(range(1, 41))


async def test_appending_nothing_changes_nothing(store: Store) -> None:
    """Promise: ours: an empty list of events is none."""
    assert await store.append(await open_turn(store), []) == []
    assert await whole_log(store) == []


async def test_a_huge_event_passes(store: Store) -> None:
    """Promise: README, limits: there is no limit on an event's size; 64 MiB are tried."""
    turn = await open_turn(store)
    text = "x" * (64 * 1024 * 1024)
    [stored] = await store.append(turn, [saying(text)])
    await store.append(turn, [saying("after")])
    assert len(stored.body) > len(text)
    page = await store.events("session-1")
    assert [event.id for event in page] == [1]
    assert page[0].body == stored.body
    assert [text_of(event) for event in await store.events("session-1", after=1)] == ["after"]


async def test_a_page_ends_at_its_size(store: Store) -> None:
    """Promise: ARCHITECTURE, store: everything is read in pages, so that memory stays flat."""
    turn = await open_turn(store)
    for _ in range(6):
        await store.append(turn, [saying("x" * (PAGE_BYTES // 4))])
    page = await store.events("session-1")
    assert len(page) == 2
    assert [event.id for event in await whole_log(store)] == [1, 2, 3, 4, 5, 6]


async def test_a_turns_events_are_read_by_themselves(store: Store) -> None:
    """Promise: README, HTTP: a replayed answer is the events of its turn."""
    await end(store, await open_turn(store))
    turn = await open_turn(store)
    waiting = await open_turn(store)
    await store.append(turn, [saying("one")])
    cancelled = await end(store, waiting, "Cancelled.")
    assert [event.id for event in await store.events("session-1", turn_id=turn.id)] == [2]
    await end(store, turn)
    await open_turn(store)
    found = await store.events("session-1", turn_id=turn.id)
    assert [(event.id, event.closes_turn) for event in found] == [(2, False), (4, True)]
    assert await store.events("session-1", turn_id=turn.id, after=2) == found[1:]
    assert await store.events("session-1", turn_id=waiting.id) == [cancelled]
    assert await store.events("session-1", turn_id="never was") == []


def _plan(database: Path, query: str) -> str:
    with looking_into(database) as connection:
        return " ".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))


async def test_reading_on_uses_the_primary_key(store: Store) -> None:
    """Promise: ARCHITECTURE, store: a reader resumes at any id of any log without reading what was before."""
    plan = _plan(store.path, "SELECT * FROM event WHERE session_id = 's' AND id > 9 ORDER BY id LIMIT 5")
    assert "SEARCH event USING INDEX sqlite_autoindex_event_1 (session_id=? AND id>?)" in plan
    assert "TEMP B-TREE" not in plan
    newest = _plan(store.path, "SELECT max(id) FROM event WHERE session_id = 's'")
    assert "SEARCH event USING COVERING INDEX sqlite_autoindex_event_1 (session_id=?)" in newest


async def test_a_reader_sees_only_what_is_committed(store: Store) -> None:
    """Promise: README, HTTP: an event is committed before anybody sees it."""
    turn = await open_turn(store)
    seen: list[StoredEvent] = []

    async def read() -> None:
        while len(seen) < 200:
            seen.extend(await store.events("session-1", after=seen[-1].id if seen else 0, limit=7))

    async with asyncio.timeout(60):
        await asyncio.gather(read(), *(store.append(turn, [saying("x")]) for _ in range(200)))
    with looking_into(store.path) as connection:
        committed = connection.exec_driver_sql("SELECT id, body FROM event ORDER BY id").all()
    assert [(event.id, event.body) for event in seen] == [tuple(row) for row in committed]
