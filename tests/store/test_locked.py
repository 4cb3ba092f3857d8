from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from robocoders.errors import StoreError
from robocoders.store import Place, Store
from tests.store.scenes import end, new_turn, open_turn, saying, url_of, whole_log

_BUSY_TIMEOUT_SECONDS = 0.05
_PATIENCE_SECONDS = 30
_TOLD = r"another process holds .*robocoders\.db for too long \(SQLITE_BUSY\): end it, or use another data directory"


@contextlib.contextmanager
def _held(database: Path) -> Generator[None]:
    """Another program that has begun to write and does not end."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@pytest.fixture
async def impatient_store(database: Path) -> AsyncIterator[Store]:
    opened = await Store.open(url_of(database), busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS)
    yield opened
    await opened.close()


async def test_a_database_that_another_process_holds_is_told(impatient_store: Store) -> None:
    """Promise: README, faults: a locked database is told with its path and what to do; reading goes on."""
    store = impatient_store
    turn = await open_turn(store)
    [stored] = await store.append(turn, [saying("before")])
    with _held(store.path):
        for call in (
            store.append(turn, [saying("during")]),
            store.write_live_text(turn, "during"),
            store.begin_turn(new_turn()),
            end(store, turn),
            store.ready(),
        ):
            with pytest.raises(StoreError, match=_TOLD):
                await call
        assert await whole_log(store) == [stored]
        assert [one.id for one in await store.open_turns()] == [turn.id]


async def test_nothing_is_lost_while_a_database_is_held(impatient_store: Store) -> None:
    """Promise: README, faults: what was refused can be sent again, and what was acknowledged is there once."""
    store = impatient_store
    turn = await open_turn(store)
    with _held(store.path):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            results = await asyncio.gather(
                *(store.append(turn, [saying(str(n))], place=Place(0, n)) for n in range(400)),
                return_exceptions=True,
            )
    assert all(isinstance(result, StoreError) for result in results)
    for n in range(400):
        await store.append(turn, [saying(str(n))], place=Place(0, n))
    assert [event.id for event in await whole_log(store)] == list(range(1, 401))
    assert (await end(store, turn)).id == 401


async def test_those_who_wait_for_a_held_database_wait_once(database: Path) -> None:
    """Repaired defect: each of many writers waited in turn for as long as one may, so the last waited for minutes."""
    timeout_seconds = 0.3
    store = await Store.open(url_of(database), busy_timeout_seconds=timeout_seconds)
    turn = await open_turn(store)
    with _held(database):
        # The first may be alone; the others come together after it. One after the other they would take 30 s.
        async with asyncio.timeout(30 * timeout_seconds):
            results = await asyncio.gather(
                *(store.append(turn, [saying("x")]) for _ in range(100)), return_exceptions=True
            )
    assert all(isinstance(result, StoreError) for result in results)
    await store.close()


async def test_a_short_wait_for_another_process_goes_unnoticed(database: Path) -> None:
    """Promise: ARCHITECTURE, store: processes that share a file wait for each other."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    with _held(database):
        waiting = asyncio.create_task(store.append(turn, [saying("after")]))
        await asyncio.wait({waiting}, timeout=0.1)
        assert not waiting.done()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        assert [event.id for event in await waiting] == [1]
    await store.close()


async def test_a_database_that_is_held_at_the_start_is_told(database: Path) -> None:
    """Promise: README, faults: a locked database is told with its path and what to do."""
    await (await Store.open(url_of(database))).close()
    with _held(database), pytest.raises(StoreError, match=_TOLD):
        await Store.open(url_of(database), busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS)
