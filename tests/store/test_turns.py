from __future__ import annotations

import asyncio

import pytest

from robocoders.errors import StoreError
from robocoders.store import KeyReusedError, SessionBusyError, Spending, Store, TurnEndedError
from tests.store.scenes import closing, end, new_turn, open_turn, saying, session_row, text_of


async def test_a_hundred_prompts_with_one_key_are_one_turn(store: Store) -> None:
    """Promise: README, HTTP: a prompt with an idempotency key is accepted once, however often it comes at once."""
    await store.get_or_create_session(session_row())
    begun = await asyncio.gather(*(store.begin_turn(new_turn(key="k")) for _ in range(100)))
    assert len({one.turn.id for one in begun}) == 1
    assert sum(not one.existing for one in begun) == 1
    last = await store.last_turn("session-1")
    assert last is not None
    assert last.number == 1


async def test_a_key_with_another_body_is_refused_and_harms_no_neighbour(store: Store) -> None:
    """Promise: README, HTTP: the same key with another body is 422."""
    await store.get_or_create_session(session_row())
    await store.begin_turn(new_turn(key="k", body_hash="one"))
    results = await asyncio.gather(
        store.begin_turn(new_turn(key="k", body_hash="other")),
        store.begin_turn(new_turn(key="k", body_hash="one")),
        store.begin_turn(new_turn(prompt="without a key")),
        return_exceptions=True,
    )
    assert isinstance(results[0], KeyReusedError)
    assert not isinstance(results[1], BaseException)
    assert results[1].existing
    assert not isinstance(results[2], BaseException)
    assert not results[2].existing


async def test_keys_are_unique_for_each_owner(store: Store) -> None:
    """Promise: README, HTTP: an idempotency key is unique per owner."""
    await store.get_or_create_session(session_row("session-1", owner="ada"))
    await store.get_or_create_session(session_row("session-2", owner="eve"))
    await store.begin_turn(new_turn("session-1", owner="ada", key="k", body_hash="one"))
    begun = await store.begin_turn(new_turn("session-2", owner="eve", key="k", body_hash="other"))
    assert not begun.existing


async def test_a_finished_turn_is_found_again_by_its_key(store: Store) -> None:
    """Promise: README, HTTP: the same key and body replays the finished answer."""
    await store.get_or_create_session(session_row())
    first = await store.begin_turn(new_turn(key="k"))
    await end(store, first.turn)
    again = await store.begin_turn(new_turn(key="k", refuse_if_busy=True))
    assert again.existing
    assert (again.turn.id, again.turn.state, again.turn.last_event_id) == (first.turn.id, "ended", 1)


async def test_turns_are_numbered_in_their_session(store: Store) -> None:
    """Promise: ARCHITECTURE, store: turns of a session have an order."""
    await store.get_or_create_session(session_row("session-1"))
    await store.get_or_create_session(session_row("session-2"))
    begun = await asyncio.gather(*(store.begin_turn(new_turn(f"session-{1 + n % 2}")) for n in range(20)))
    for session_id in ("session-1", "session-2"):
        numbers = [one.turn.number for one in begun if one.turn.session_id == session_id]
        assert sorted(numbers) == list(range(1, 11))


async def test_a_turn_keeps_what_it_was_begun_with(store: Store) -> None:
    """Promise: ARCHITECTURE, store: a turn records agent, model and limits as they were."""
    await store.get_or_create_session(session_row())
    begun = (await store.begin_turn(new_turn(prompt="Почему?", key="k"))).turn
    assert await store.turn(begun.id) == begun
    assert (begun.agent, begun.model, begun.limits, begun.key) == ("RepoAgent", "offline", {"iterations": 3}, "k")
    assert "Почему" not in repr(begun)
    assert await store.turn("never was") is None
    assert await store.last_turn("never was") is None


async def test_a_busy_session_refuses_those_who_will_not_wait(store: Store) -> None:
    """Promise: README, HTTP: `if_busy=refuse` answers 409 while a turn is open."""
    turn = await open_turn(store)
    with pytest.raises(SessionBusyError):
        await store.begin_turn(new_turn(refuse_if_busy=True))
    await end(store, turn)
    assert not (await store.begin_turn(new_turn(refuse_if_busy=True))).existing


async def test_open_turns_are_found_until_they_end(store: Store) -> None:
    """Promise: ARCHITECTURE, engine: what a crash left open is found at the next start."""
    first, second = await open_turn(store), await open_turn(store)
    other = await open_turn(store, "session-0")
    await store.mark_running(first.id)
    assert [(turn.id, turn.state) for turn in await store.open_turns()] == [
        (other.id, "queued"),
        (first.id, "running"),
        (second.id, "queued"),
    ]
    for turn in (first, second, other):
        await end(store, turn)
    await store.mark_running(first.id)
    assert await store.open_turns() == []


async def test_the_closing_message_and_the_end_are_one(store: Store) -> None:
    """Promise: README, HTTP: every turn ends with exactly one closing message."""
    turn = await open_turn(store)
    await store.append(turn, [saying("working")])
    stored = await end(store, turn, "Done.")
    assert stored.closes_turn
    assert stored == (await store.events("session-1"))[-1]
    ended = await store.turn(turn.id)
    assert ended is not None
    assert (ended.state, ended.last_event_id, ended.ended_at_us) == ("ended", stored.id, stored.created_at_us)
    with pytest.raises(TurnEndedError):
        await end(store, turn)
    with pytest.raises(TurnEndedError):
        await store.append(turn, [saying("an afterthought")])


async def test_two_who_end_a_turn_at_once_end_it_once(store: Store) -> None:
    """Promise: README, HTTP: every turn ends with exactly one closing message."""
    turn = await open_turn(store)
    results = await asyncio.gather(*(end(store, turn, f"end {n}") for n in range(10)), return_exceptions=True)
    assert sum(isinstance(result, TurnEndedError) for result in results) == 9
    assert await store.last_event_id("session-1") == 1


async def test_closed_turns_come_newest_first_with_their_answers(store: Store) -> None:
    """Promise: ARCHITECTURE, engine: the model hears the session's earlier prompts and answers."""
    for number in range(1, 5):
        turn = await open_turn(store)
        if number != 3:
            await end(store, turn, f"answer {number}")
    closed = await store.closed_turns("session-1", before_number=4)
    assert [(one.turn.number, text_of(one.closing), one.closing.closes_turn) for one in closed] == [
        (2, "answer 2", True),
        (1, "answer 1", True),
    ]
    assert [one.turn.number for one in await store.closed_turns("session-1", before_number=5, limit=1)] == [4]


async def test_a_page_of_closed_turns_ends_at_its_size(store: Store) -> None:
    """Promise: ARCHITECTURE, store: everything is read in pages, so that memory stays flat."""
    for _ in range(3):
        await end(store, await open_turn(store), "x" * 1_500_000)
    first = await store.closed_turns("session-1", before_number=9)
    assert [one.turn.number for one in first] == [3, 2]
    assert [one.turn.number for one in await store.closed_turns("session-1", before_number=2)] == [1]


async def test_a_text_that_is_no_unicode_is_refused(store: Store) -> None:
    """Promise: ours: an error of the driver is told as one of ours, without the text."""
    await store.get_or_create_session(session_row())
    with pytest.raises(StoreError, match="not valid Unicode") as caught:
        await store.begin_turn(new_turn(prompt="secret \ud800"))
    assert "secret" not in str(caught.value)


async def test_a_number_beyond_the_database_is_refused(store: Store) -> None:
    """Promise: ours: an error of the driver is told as one of ours."""
    turn = await open_turn(store)
    with pytest.raises(StoreError, match=r"cannot be read or written \(OverflowError\)"):
        await store.end_turn(turn, closing(), reason="finished", spending=Spending({}, 1 << 70))
