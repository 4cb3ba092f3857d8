from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from robocoders.store import KeyReusedError, SessionGoneError, SessionRow, Store, TurnEndedError
from robocoders.store.keys import KEY_LIFE_US
from tests.store.scenes import SECOND_US, Clock, end, looking_into, new_turn, open_turn, saying, session_row, whole_log


async def test_a_session_is_made_once_and_belongs_to_whoever_was_first(store: Store) -> None:
    """Protocol fact: an unknown sid is made for the caller; promise: README, access: unless it is somebody else's."""
    mine, theirs = session_row(owner="ada"), session_row(owner="eve")
    rows = await asyncio.gather(*(store.get_or_create_session(row) for row in [mine, theirs] * 20))
    assert len({row.owner for row in rows}) == 1
    assert await store.session("session-1") == rows[0]
    assert await store.session("session-2") is None


async def test_a_session_keeps_all_it_was_made_with(store: Store) -> None:
    """Promise: README, sessions: a session has a workspace, a model and limits of its own."""
    row = SessionRow(
        id="session-1",
        owner="ada",
        workspace_kind="directory",
        workspace_ref="/srv/ada/Проект",
        model="openai:some-model",
        limits={"iterations": 5, "names": ["a", None]},
        created_at_us=12,
    )
    await store.get_or_create_session(row)
    assert await store.session("session-1") == row


async def test_a_list_shows_the_owners_sessions_newest_first(store: Store) -> None:
    """Promise: README, sessions: a list shows the caller's own ones, newest first."""
    for number in (1, 2, 3):
        await store.get_or_create_session(session_row(f"session-{number}", created_at_us=number))
    await store.get_or_create_session(session_row("foreign", owner="eve", created_at_us=4))
    queued = await open_turn(store, "session-2")
    running = await open_turn(store, "session-3")
    await store.mark_running(running.id)
    await open_turn(store, "session-3")
    await store.append(running, [saying("one"), saying("two")])
    listed = await store.sessions("ada")
    assert [(one.session.id, one.turns, one.last_event_id, one.state, one.last_prompt_at_us) for one in listed] == [
        ("session-3", 2, 2, "running", listed[0].last_prompt_at_us),
        ("session-2", 1, 0, "queued", queued.created_at_us),
        ("session-1", 0, 0, "idle", None),
    ]
    assert listed[0].last_prompt_at_us is not None
    assert listed[0].last_prompt_at_us > running.created_at_us


async def test_a_list_is_read_in_pages(store: Store) -> None:
    """Promise: README, HTTP: `before` reads on where a page of sessions ended."""
    for number in range(1, 6):
        await store.get_or_create_session(session_row(f"session-{number}", created_at_us=number))
    first = await store.sessions("ada", limit=2)
    second = await store.sessions("ada", limit=2, before_us=first[-1].session.created_at_us)
    assert [one.session.created_at_us for one in [*first, *second]] == [5, 4, 3, 2]


async def test_a_deleted_session_leaves_a_tombstone_and_no_words(store: Store) -> None:
    """Promise: README, sessions delete: prompts and events are gone, the id is not made again by somebody else."""
    ended = await open_turn(store)
    await end(store, ended)
    waiting = (await store.begin_turn(new_turn(prompt="A secret plan"))).turn
    await store.append(waiting, [saying("A secret answer")])
    await store.delete_session("session-1")
    left = await store.get_or_create_session(session_row(owner="eve"))
    assert left == replace(session_row(), deleted_at_us=left.deleted_at_us)
    assert left.deleted_at_us is not None
    assert await store.sessions("ada") == []
    assert await whole_log(store) == []
    assert await store.closed_turns("session-1", before_number=9) == []
    gone = await store.turn(waiting.id)
    assert gone is not None
    assert (gone.state, gone.reason, gone.prompt) == ("ended", "cancelled", "")
    assert await store.open_turns() == []


async def test_deleting_again_changes_nothing(store: Store) -> None:
    """Promise: ours: deleting is idempotent."""
    await open_turn(store)
    await store.delete_session("session-1")
    deleted = await store.session("session-1")
    await store.delete_session("session-1")
    await store.delete_session("never was")
    assert await store.session("session-1") == deleted


async def test_nothing_follows_in_a_deleted_session(store: Store) -> None:
    """Promise: README, sessions delete: what still runs writes nothing more."""
    turn = await open_turn(store)
    await store.delete_session("session-1")
    with pytest.raises(SessionGoneError):
        await store.append(turn, [saying("too late")])
    with pytest.raises(SessionGoneError):
        await end(store, turn)
    with pytest.raises(SessionGoneError):
        await store.begin_turn(new_turn())
    with pytest.raises(SessionGoneError):
        await store.begin_turn(new_turn("never was"))


async def test_deleting_takes_what_is_being_written_at_the_same_time(store: Store) -> None:
    """Promise: README, sessions delete: no event of a deleted session stays, whatever was under way."""
    turn = await open_turn(store)
    results = await asyncio.gather(
        *(store.append(turn, [saying("before")]) for _ in range(20)),
        store.delete_session("session-1"),
        *(store.append(turn, [saying("after")]) for _ in range(20)),
        return_exceptions=True,
    )
    assert all(isinstance(result, SessionGoneError) for result in results[21:])
    assert not any(isinstance(result, TurnEndedError) for result in results)
    with looking_into(store.path) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 0


async def test_keys_outlive_their_session_by_a_day(store: Store, clock: Clock) -> None:
    """Promise: README, HTTP: an idempotency key is kept for 24 hours after its session."""
    await store.get_or_create_session(session_row())
    await store.get_or_create_session(session_row("session-2"))
    await store.begin_turn(new_turn(key="k", body_hash="one"))
    await store.delete_session("session-1")
    clock.advance(KEY_LIFE_US / SECOND_US - 60)
    await store.delete_session("another")
    with pytest.raises(KeyReusedError):
        await store.begin_turn(new_turn("session-2", key="k", body_hash="other"))
    clock.advance(120)
    await store.delete_session("another")
    begun = await store.begin_turn(new_turn("session-2", key="k", body_hash="other"))
    assert not begun.existing


async def test_a_summary_is_what_the_list_shows(store: Store) -> None:
    """Promise: /docs, sessions: one session and the list agree; a deleted session and none at all have no summary."""
    running = await open_turn(store)
    await store.mark_running(running.id)
    await open_turn(store)
    await store.append(running, [saying("one")])
    summary = await store.session_summary("session-1")
    assert summary is not None
    assert (summary.state, summary.turns, summary.last_event_id) == ("running", 2, 1)
    assert await store.sessions("ada") == [summary]
    await store.delete_session("session-1")
    assert await store.session_summary("session-1") is None
    assert await store.session_summary("never was") is None


async def test_no_page_loses_sessions_of_one_moment(store: Store) -> None:
    """Promise: README, HTTP: reading on from page to page shows every session once, however fast they were made."""
    names = {f"session-{number}" for number in range(10)}
    await asyncio.gather(*(store.get_or_create_session(session_row(name, created_at_us=7)) for name in names))
    late = await store.get_or_create_session(session_row("late", created_at_us=12))
    theirs = await store.get_or_create_session(session_row("theirs", owner="eve", created_at_us=7))
    assert (late.created_at_us, theirs.created_at_us) == (17, 7)
    assert await store.session("late") == late
    seen: list[str] = []
    before_us: int | None = None
    while page := await store.sessions("ada", limit=3, before_us=before_us):
        seen += [one.session.id for one in page]
        before_us = page[-1].session.created_at_us
    assert seen[0] == "late"
    assert sorted(seen[1:]) == sorted(names)
