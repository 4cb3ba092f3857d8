from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from robocoders.errors import StoreError
from robocoders.store import Store
from robocoders.store.accounts import find_setting, get_or_create_setting
from robocoders.store.opening import prepare_database
from robocoders.store.readers import Readers
from robocoders.store.writer import Transaction, Writer
from tests.store.scenes import Clock, looking_into, open_turn, saying, url_of, whole_log


@pytest.fixture
def writer(database: Path) -> Iterator[Writer]:
    database.parent.mkdir()
    prepare_database(database)
    started = Writer(database, Clock())
    started.start()
    yield started
    started.close()


_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


def _commits(database: Path) -> int:
    """How many commits the WAL file holds: a frame that ends one names the database's size (SQLite file format)."""
    wal = database.with_name(database.name + "-wal").read_bytes()
    page_bytes = int.from_bytes(wal[8:12], "big")
    frame_bytes = _FRAME_HEADER_BYTES + page_bytes
    frames = range(_WAL_HEADER_BYTES, len(wal) - frame_bytes + 1, frame_bytes)
    salt = wal[16:24]
    return sum(wal[at + 4 : at + 8] != b"\0\0\0\0" for at in frames if wal[at + 8 : at + 16] == salt)


async def test_many_waiting_appends_share_few_commits(store: Store) -> None:
    """Promise: ARCHITECTURE, store: group commit pays for waiting for the disk at every commit."""
    turn = await open_turn(store)
    before = _commits(store.path)
    await asyncio.gather(*(store.append(turn, [saying("x")]) for _ in range(300)))
    assert _commits(store.path) - before <= 10
    assert len(await whole_log(store)) == 300


async def test_more_than_share_a_commit_are_all_written(store: Store) -> None:
    """Promise: ARCHITECTURE, store: however many wait, each is committed and told its own result."""
    turn = await open_turn(store)
    stored = await asyncio.gather(*(store.append(turn, [saying(str(n))]) for n in range(1500)))
    assert sorted(events[0].id for events in stored) == list(range(1, 1501))


async def test_what_a_cancelled_caller_asked_for_is_done_all_the_same(writer: Writer) -> None:
    """Promise: ours: a caller that is cancelled while it waits does not undo what others may have seen."""
    begun, released = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        begun.set()
        assert released.wait(30)

    def note(transaction: Transaction) -> None:
        get_or_create_setting(transaction, "noted", lambda: "yes")

    holding = asyncio.create_task(writer.run(hold))
    assert await asyncio.to_thread(begun.wait, 30)
    leaving = asyncio.create_task(writer.run(note))
    staying = asyncio.create_task(writer.run(lambda transaction: find_setting(transaction.connection, "noted")))
    async with asyncio.timeout(30):
        await asyncio.wait({leaving, staying}, timeout=0)
        leaving.cancel()
        released.set()
        await holding
        assert await staying == "yes"
    assert leaving.cancelled()


async def test_a_closed_store_refuses_and_closes_again(database: Path) -> None:
    """Promise: ours: a store that was closed says so, and closing it twice is no error."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.ready()
    with pytest.raises(StoreError, match="closed"):
        await store.append(turn, [saying("x")])
    await store.close()


async def test_closing_finishes_what_was_begun(database: Path) -> None:
    """Promise: README, serve: a graceful stop loses nothing."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    appends = asyncio.gather(*(store.append(turn, [saying("x")]) for _ in range(50)))
    closing = asyncio.create_task(store.close())
    assert len(await appends) == 50
    await closing
    store = await Store.open(url_of(database))
    assert len(await whole_log(store)) == 50
    await store.close()


async def test_an_open_store_is_ready(store: Store) -> None:
    """Promise: README, HTTP: /readyz asks the database."""
    await store.ready()


async def test_a_database_damaged_while_it_is_used_is_told(store: Store) -> None:
    """Promise: ours: damage is told as an error that says what to do, and the service goes on."""
    await open_turn(store)
    with looking_into(store.path) as connection:
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("UPDATE sqlite_master SET rootpage = 99999 WHERE name IN ('event', 'setting')")
        connection.exec_driver_sql("PRAGMA schema_version = 4242")
    with pytest.raises(StoreError, match="SQLITE_"):
        await store.setting("name", lambda: "value")
    with pytest.raises(StoreError, match="SQLITE_"):
        await store.ready()


async def test_the_error_of_a_piece_of_work_reaches_its_caller_alone(writer: Writer) -> None:
    """Promise: ours: an unexpected error is raised where the work was asked for, and the writer goes on."""

    def fail(_: Transaction) -> None:
        raise LookupError("mine")

    def count(transaction: Transaction) -> int:
        return len(transaction.last_ids)

    results = await asyncio.gather(writer.run(fail), writer.run(count), return_exceptions=True)
    assert isinstance(results[0], LookupError)
    assert results[1] == 0


def test_a_loop_that_was_closed_meanwhile_hinders_nobody(writer: Writer) -> None:
    """Promise: ours: a caller that is gone with its event loop keeps no other from being answered."""
    begun, released = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        begun.set()
        assert released.wait(30)

    async def leave() -> None:
        task = asyncio.create_task(writer.run(hold))
        assert await asyncio.to_thread(begun.wait, 30)
        task.cancel()

    async def stay() -> int:
        return await writer.run(lambda transaction: len(transaction.waiting))

    asyncio.run(leave())
    released.set()
    assert asyncio.run(stay()) == 0


def test_a_writer_that_cannot_write_says_so_at_once(database: Path) -> None:
    """Promise: ours: a database that is held or gone is told at the start, not at the first prompt."""
    with pytest.raises(StoreError, match=r"cannot be opened for writing \(SQLITE_CANTOPEN\)"):
        Writer(database, Clock()).start()


async def test_a_reader_that_cannot_read_says_so(database: Path) -> None:
    """Promise: ours: an error of the driver is told as one of ours."""
    readers = Readers(database)
    with pytest.raises(StoreError, match="SQLITE_CANTOPEN"):
        await readers.run(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())
    readers.close()
