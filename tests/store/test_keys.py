from __future__ import annotations

import pytest

from robocoders.store import Keyed, KeyReusedError, Store
from robocoders.store.keys import KEY_LIFE_US
from tests.store.scenes import SECOND_US, Clock, looking_into, new_turn, open_turn, session_row


async def test_a_key_of_one_kind_of_request_is_refused_by_another(store: Store) -> None:
    """Promise: README, HTTP: one key stands for one request, even where two requests have one hash."""
    await open_turn(store)
    keyed = Keyed("ada", "k", "hash")
    await store.bind_cancel("never was", keyed)
    with pytest.raises(KeyReusedError, match="something else than a prompt"):
        await store.begin_turn(new_turn(key="k"))
    with pytest.raises(KeyReusedError, match="something else than a session"):
        await store.session_once(session_row("session-2"), keyed)
    assert await store.session("session-2") is None


async def test_a_key_comes_before_its_owner_did_anything_else(store: Store) -> None:
    """Promise: README, HTTP: every route takes a key, whoever asks and whatever is there."""
    await store.delete_session("never was", Keyed("eve", "k", "h"))
    assert await store.known_key(Keyed("eve", "k", "h")) is not None


async def test_keys_to_forget_are_found_without_reading_the_others(store: Store) -> None:
    """Promise: ARCHITECTURE, store: what forgetting costs does not grow with the keys that stay."""
    with looking_into(store.path) as connection:
        for query, index in (
            ("DELETE FROM key WHERE expires_at_us < 9", "key_to_forget (expires_at_us<?)"),
            ("UPDATE key SET expires_at_us = 9 WHERE session_id = 's'", "key_of_session (session_id=?)"),
        ):
            plan = " ".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
            assert index in plan


async def test_a_clock_that_is_set_back_forgets_no_key_too_early(store: Store, clock: Clock) -> None:
    """Promise: README, faults: a clock that goes back an hour runs no prompt a second time."""
    await store.get_or_create_session(session_row())
    await store.get_or_create_session(session_row("session-2"))
    begun = await store.begin_turn(new_turn(key="k"))
    clock.advance(-3600)
    assert (await store.begin_turn(new_turn(key="k"))).turn.id == begun.turn.id
    await store.delete_session("session-1")
    clock.advance(KEY_LIFE_US / SECOND_US - 60)
    await store.delete_session("another")
    assert await store.known_key(Keyed("ada", "k", "hash")) is not None
