from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robocoders.errors import StoreFullError
from robocoders.store import Store, TurnRow
from robocoders.store.reserve import RESERVE_BYTES, Reserve
from tests.store.scenes import end, new_turn, open_turn, saying, url_of, whole_log

_LIMIT_BYTES = 4 * 1024 * 1024
_PATIENCE_SECONDS = 30
_ROOT = Path(__file__).parents[2]


@pytest.fixture
async def small_store(database: Path) -> AsyncIterator[Store]:
    opened = await Store.open(url_of(database), limit_bytes=_LIMIT_BYTES)
    yield opened
    await opened.close()


async def _fill(store: Store, turn: TurnRow) -> int:
    """Append until there is no space left; return how many events were acknowledged."""
    acknowledged = 0
    for size in (100_000, 1000):
        try:
            while True:
                await store.append(turn, [saying("x" * size)])
                acknowledged += 1
        except StoreFullError:
            continue
    return acknowledged


async def test_a_full_database_refuses_and_stays_readable(small_store: Store) -> None:
    """Promise: README, faults: at a full disk the log stays readable, and every acknowledged event is in it."""
    turn = await open_turn(small_store)
    acknowledged = await _fill(small_store, turn)
    with pytest.raises(StoreFullError, match="free some"):
        await small_store.append(turn, [saying("x" * 1000)])
    assert [event.id for event in await whole_log(small_store)] == list(range(1, acknowledged + 1))
    assert small_store.path.stat().st_size <= _LIMIT_BYTES - RESERVE_BYTES


async def test_the_closing_message_finds_room_in_a_full_database(small_store: Store) -> None:
    """Promise: README, faults: at a full disk the turn ends with an event that reaches the caller."""
    turn = await open_turn(small_store)
    acknowledged = await _fill(small_store, turn)
    closing = await end(small_store, turn, "The disk is full.")
    assert closing.id == acknowledged + 1
    assert (await whole_log(small_store))[-1] == closing


async def test_a_database_that_gave_up_its_reserve_is_not_ready(small_store: Store) -> None:
    """Promise: docs/service.md, limits: /readyz says that new prompts cannot be taken."""
    turn = await open_turn(small_store)
    await small_store.ready()
    await _fill(small_store, turn)
    await end(small_store, turn, "x" * (RESERVE_BYTES // 2))
    with pytest.raises(StoreFullError):
        await small_store.ready()


async def test_even_the_reserve_has_an_end(small_store: Store) -> None:
    """Promise: README, faults: where nothing fits any more that is an error, and the log stays readable."""
    turn = await open_turn(small_store)
    acknowledged = await _fill(small_store, turn)
    with pytest.raises(StoreFullError):
        await end(small_store, turn, "x" * 2 * RESERVE_BYTES)
    assert len(await whole_log(small_store)) == acknowledged
    assert [one.id for one in await small_store.open_turns()] == [turn.id]


async def test_a_full_database_works_again_once_there_is_room(small_store: Store) -> None:
    """Promise: README, faults: after sessions were deleted a full database takes prompts again."""
    turn = await open_turn(small_store)
    await _fill(small_store, turn)
    await end(small_store, turn)
    await small_store.delete_session("session-1")
    again = await open_turn(small_store, "session-2")
    assert len(await small_store.append(again, [saying("x" * 500_000)])) == 1


async def test_a_database_above_its_limit_opens_and_reads(database: Path) -> None:
    """Promise: ours: a limit that was lowered refuses new events and loses none."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    await store.append(turn, [saying("x" * 3_000_000)])
    await store.close()
    store = await Store.open(url_of(database), limit_bytes=1000)
    assert len(await whole_log(store)) == 1
    with pytest.raises(StoreFullError):
        await store.append(turn, [saying("x" * 100_000)])
    await store.close()


def test_a_reserve_that_was_cut_short_is_made_again(database: Path) -> None:
    """Promise: ours: only a whole reserve counts."""
    database.parent.mkdir()
    file = database.with_name("robocoders.db-reserve")
    file.write_bytes(b"short")
    reserve = Reserve(database)
    assert reserve.restore()
    assert file.stat().st_size == RESERVE_BYTES
    assert file.stat().st_blocks * 512 >= RESERVE_BYTES
    reserve.release()
    assert not file.exists()
    assert reserve.restore()
    assert Reserve(database).restore()


async def test_without_its_reserve_a_store_takes_nothing_new(database: Path) -> None:
    """Promise: ours: while the last space there is cannot be kept back, only closing messages are taken."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    await store.close()
    file = database.with_name("robocoders.db-reserve")
    file.unlink()
    # Nothing can be made under the name of a directory that is not empty.
    (file / "inside").mkdir(parents=True)
    store = await Store.open(url_of(database))
    with pytest.raises(StoreFullError):
        await store.append(turn, [saying("x")])
    with pytest.raises(StoreFullError):
        await store.begin_turn(new_turn())
    assert (await end(store, turn)).id == 1
    shutil.rmtree(file)
    assert not (await store.begin_turn(new_turn())).existing
    await store.close()


async def test_a_reserve_that_can_be_neither_made_nor_removed_stops_no_later_write(database: Path) -> None:
    """Promise: README, faults: whatever the disk refuses reaches the caller as an error; nobody waits for ever."""
    store = await Store.open(url_of(database))
    turn = await open_turn(store)
    await store.close()
    database.with_name("robocoders.db-reserve").unlink()
    # A directory can be neither opened for writing nor unlinked.
    draft = database.with_name("robocoders.db-reserve-new")
    draft.mkdir()
    store = await Store.open(url_of(database))
    async with asyncio.timeout(_PATIENCE_SECONDS):
        for _ in range(2):
            with pytest.raises(StoreFullError):
                await store.append(turn, [saying("x")])
        draft.rmdir()
        assert len(await store.append(turn, [saying("x")])) == 1
    await store.close()


async def test_a_reserve_that_cannot_be_given_up_stops_no_closing_message(small_store: Store) -> None:
    """Promise: README, faults: at a full disk the turn ends with an event, or with an error of the store's own."""
    turn = await open_turn(small_store)
    acknowledged = await _fill(small_store, turn)
    file = small_store.path.with_name("robocoders.db-reserve")
    file.unlink()
    file.mkdir()
    assert (await end(small_store, turn, "The disk is full.")).id == acknowledged + 1


_ON_A_SMALL_DISK = """
import asyncio, json, os, sys
from pathlib import Path
from robocoders.errors import StoreFullError
from robocoders.store import Store
from tests.store.scenes import end, new_turn, open_turn, saying, url_of, whole_log

async def main():
    disk = Path(sys.argv[1])
    (disk / "holiday-pictures").write_bytes(b"x" * 2_000_000)
    store = await Store.open(url_of(disk / "data" / "robocoders.db"))
    turns = [await open_turn(store, f"session-{n}") for n in range(5)]
    acknowledged, refused = 0, 0
    for size in (50_000, 1_000):
        try:
            while True:
                await store.append(turns[0], [saying("x" * size)])
                acknowledged += 1
        except StoreFullError:
            refused += 1
    # Whatever is left, down to the last page, is taken by somebody else.
    with open(disk / "ballast", "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass
    try:
        await store.append(turns[0], [saying("x" * 10_000)])
    except StoreFullError:
        refused += 1
    reserve = disk / "data" / "robocoders.db-reserve"
    stood = reserve.exists()
    closings = [(await end(store, turn, "The disk is full.")).id for turn in turns]
    try:
        await store.begin_turn(new_turn())
    except StoreFullError:
        refused += 1
    given_up = not reserve.exists()
    log = await whole_log(store, "session-0")
    (disk / "holiday-pictures").unlink()
    await store.begin_turn(new_turn("session-0"))
    print(json.dumps({
        "acknowledged": acknowledged, "refused": refused, "stood": stood, "given_up": given_up,
        "closings": closings, "log": [event.id for event in log], "stands_again": reserve.exists(),
    }))
    await store.close()

asyncio.run(main())
"""


def test_a_disk_that_is_really_full_keeps_room_for_the_closing_messages(tmp_path: Path) -> None:
    """Promise: README, faults: at a full disk every open turn still ends with an event in the log."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=8m small "$1" && shift && exec "$@"'
    own_mounts = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*own_mounts, "true"], check=False).returncode != 0:
        pytest.skip("a file system of one's own needs unshare(1) and a kernel that allows it")
    command = [*own_mounts, "sh", "-c", script, "sh", str(disk), sys.executable, "-c", _ON_A_SMALL_DISK, str(disk)]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=_ROOT, timeout=120, check=False)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["acknowledged"] > 0
    assert told["refused"] == 4
    assert told["stood"]
    assert told["given_up"]
    assert told["closings"] == [told["acknowledged"] + 1, 1, 1, 1, 1]
    assert told["log"] == list(range(1, told["acknowledged"] + 2))
    assert told["stands_again"]
