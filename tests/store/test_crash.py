from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from robocoders.store import Store
from tests.store.scenes import saying, text_of, url_of, whole_log

_APPENDING = """
import asyncio, sys
from robocoders.store import Store
from tests.store.scenes import open_turn, saying, url_of
from pathlib import Path

async def main():
    store = await Store.open(url_of(Path(sys.argv[1])))
    turn = await open_turn(store)

    async def append(caller):
        number = 0
        while True:
            [stored] = await store.append(turn, [saying(f"{caller}.{number}")])
            print(stored.id, f"{caller}.{number}", flush=True)
            number += 1

    await asyncio.gather(*(append(caller) for caller in range(int(sys.argv[2]))))

asyncio.run(main())
"""

_STEPPING = """
import asyncio, itertools, sys
from robocoders.store import Store
from tests.store.scenes import open_turn, saying, url_of
from pathlib import Path

async def main():
    store = await Store.open(url_of(Path(sys.argv[1])))
    turn = await open_turn(store)
    for number in itertools.count(1):
        await store.begin_step(turn, number, fingerprint="f", action=saying(f"begun {number}"))
        print("begun", number, flush=True)
        for piece in "abc":
            await store.write_live_text(turn, piece)
            print("said", piece, flush=True)
        await store.finish_step(turn, number, saying(f"finished {number}"), b"result %d" % number)
        print("finished", number, flush=True)

asyncio.run(main())
"""

_SHARING = """
import asyncio, json, sys
from robocoders.store import Store
from tests.store.scenes import new_turn, saying, session_row, url_of
from pathlib import Path

async def main():
    store = await Store.open(url_of(Path(sys.argv[1])))
    await store.get_or_create_session(session_row())
    turn = (await store.begin_turn(new_turn(key="one for all"))).turn
    ids = []
    for number in range(10):
        ids += [event.id for event in await store.append(turn, [saying(f"{sys.argv[2]}.{number}")] * 2)]
    await store.close()
    print(json.dumps([turn.id, ids]))

asyncio.run(main())
"""
_ROOT = Path(__file__).parents[2]


def _kill(program: str, database: Path, enough: int) -> list[str]:
    """Start a process that writes, kill it after so many acknowledgements, and return all it gave."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(database), "16"], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    assert child.stdout is not None
    with child.stdout as output:
        lines = [output.readline() for _ in range(enough)]
        child.send_signal(signal.SIGKILL)
        # What the pipe still holds was acknowledged too; a last line may be cut off.
        lines += [line for line in output if line.endswith("\n")]
    assert child.wait(30) == -signal.SIGKILL
    return lines


@pytest.mark.parametrize("enough", [1, 60, 700])
async def test_a_killed_process_loses_no_acknowledged_event(database: Path, enough: int) -> None:
    """Promise: README, durability: what was acknowledged is in the log after kill -9, and the log is readable."""
    lines = await asyncio.to_thread(_kill, _APPENDING, database, enough)
    acknowledged = {int(line.split()[0]): line.split()[1] for line in lines}
    assert len(acknowledged) == len(lines) >= enough

    store = await Store.open(url_of(database))
    log = await whole_log(store)
    assert [event.id for event in log] == list(range(1, len(log) + 1))
    texts = {event.id: text_of(event) for event in log}
    assert {number: texts.get(number) for number in acknowledged} == acknowledged
    assert len(await store.open_turns()) == 1
    await store.close()


@pytest.mark.parametrize("enough", [2, 4, 33])
async def test_a_killed_process_loses_no_acknowledged_step(database: Path, enough: int) -> None:
    """Promise: README, durability: a finished step is not done again, one that was cut off is known with its output."""
    lines = await asyncio.to_thread(_kill, _STEPPING, database, enough)
    finished = sum(line.startswith("finished") for line in lines)
    begun = sum(line.startswith("begun") for line in lines)
    said = "".join(line.split()[1] for line in lines if line.startswith("said"))[3 * finished :]

    store = await Store.open(url_of(database))
    [turn] = await store.open_turns()
    action = saying("whatever")
    for number in range(1, finished + 1):
        step = await store.begin_step(turn, number, fingerprint="f", action=action)
        assert (step.state, step.result, text_of(step.action)) == (
            "finished",
            f"result {number}".encode(),
            f"begun {number}",
        )
    if begun > finished:
        step = await store.begin_step(turn, begun, fingerprint="f", action=action)
        assert step.state in ("unfinished", "finished")
        assert step.state == "finished" or ("abc".startswith(step.output) and step.output.startswith(said))
    log = await whole_log(store)
    assert [event.id for event in log] == list(range(1, len(log) + 1))
    assert len(log) >= finished + begun
    await store.close()


async def test_ten_processes_on_one_file_wait_for_each_other(database: Path) -> None:
    """Promise: ARCHITECTURE, store: processes that share a file are serialised; ids have no gap and no repeat."""

    async def run(number: int) -> tuple[str, list[int]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SHARING, str(database), str(number), stdout=subprocess.PIPE, cwd=_ROOT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        turn_id, ids = json.loads(output)
        return turn_id, ids

    async with asyncio.timeout(120):
        results = await asyncio.gather(*(run(number) for number in range(10)))
    assert len({turn_id for turn_id, _ in results}) == 1
    assert sorted(number for _, ids in results for number in ids) == list(range(1, 201))
    store = await Store.open(url_of(database))
    assert len(await whole_log(store)) == 200
    await store.close()
