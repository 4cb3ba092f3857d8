from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from robocoders.errors import StoreError
from robocoders.store import Store
from robocoders.store.connections import make_engine
from tests.engine.scenes import Stage, echo, everything, ids_of, reason_of, text_of
from tests.store.scenes import Clock, open_turn, saying, url_of

_ROOT = Path(__file__).parents[2]

_RUNNING = """
import asyncio, functools, os, sys
from pathlib import Path

import pytest
from robocoders.agents.running import run_turn
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.store import Store, StoredEvent
from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall
from robocoders.testing.slow_append import slow_append_tool
from tests.store.scenes import session_row, url_of

def script(prompt, number):
    if number == 6:
        return Step(text="This is the end.", pieces=("This ", "is ", "the end."))
    call = ToolCall("slow_append", {"file": prompt, "line": f"line {number}"})
    return Step(text=f"Number {number}.", pieces=("Number ", f"{number}."), calls=(call,))

async def main():
    data, seen_before_kill = Path(sys.argv[1]), int(sys.argv[2])
    store = await Store.open(url_of(data / "robocoders.db"))
    engine = Engine(
        store,
        data_dir=data,
        default_model="recalling",
        resolve_model=lambda name: RecallingModel(script),
        run_turn=functools.partial(run_turn, tools=(slow_append_tool(data / "effects"),)),
    )
    await engine.start()
    session = await store.get_or_create_session(session_row())
    handles = [
        await engine.submit(session, PromptSpec(prompt=prompt, agent="RepoAgent", key=prompt, body_hash=prompt))
        for prompt in ("first", "second")
    ]
    seen = 0
    for handle in handles:
        async for item in handle.events(deltas=True):
            seen += 1
            if seen == seen_before_kill:
                os.kill(os.getpid(), 9)
            if isinstance(item, StoredEvent):
                print(item.body.decode(), flush=True)
    await engine.stop(1)
    await store.close()

asyncio.run(main())
"""


def _run(data: Path, killed_after: int) -> tuple[int, list[str]]:
    child = subprocess.run(
        [sys.executable, "-c", _RUNNING, str(data), str(killed_after)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        timeout=60,
        check=False,
    )
    return child.returncode, child.stdout.splitlines()


async def test_turns_that_a_killed_server_left_open_go_on(tmp_path: Path) -> None:
    """Promise: README, durability: kill the server at any moment; an accepted prompt runs once, to its end."""
    data = tmp_path / "data"
    kills, lines = 0, list[str]()
    for killed_after in (3, 12, 19, 40, 0):
        code, lines = await asyncio.to_thread(_run, data, killed_after)
        kills += code == -signal.SIGKILL
    assert kills >= 3
    events = [json.loads(line) for line in lines]
    assert [event["id"] for event in events] == list(range(1, 39))
    closings = [event for event in events if event.get("args", {}).get("wait_for_response")]
    assert [event["message"] for event in closings] == ["This is the end.", "This is the end."]
    for prompt in ("first", "second"):
        written = (data / "effects" / prompt).read_text("utf-8").splitlines()
        begun = [line for line in written if line in {f"line {number}" for number in range(6)}]
        assert begun == sorted(set(begun))
    spoken = [event["message"] for event in events if event.get("action") == "message"]
    assert spoken == [*(f"Number {number}." for number in range(6)), "This is the end."] * 2


async def test_what_is_kept_for_resuming_goes_when_the_turn_has_ended(tmp_path: Path) -> None:
    """Promise: SECURITY: prompts and answers lie in the log, which deleting a session empties, and nowhere else."""
    data = tmp_path / "data"
    code, _ = await asyncio.to_thread(_run, data, 0)
    assert code == 0
    store = await Store.open(url_of(data / "robocoders.db"))
    stage = Stage(store, Clock(), data)
    await stage.ask("Is anything left?")
    await stage.leave()
    await store.close()
    engine = make_engine(data / "checkpoints.db", "reader", connections=1)
    with closing(engine.raw_connection()) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    engine.dispose()
    kept = {name: count for name, count in counts.items() if count and name in {"operation_outputs", "workflow_input"}}
    assert "workflow_status" in counts
    assert kept == {}


async def test_turns_of_a_version_without_steps_are_closed(stage: Stage) -> None:
    """Promise: README, upgrading: what an older version left open ends with reason `error`, and the session goes on."""
    first, second = await open_turn(stage.store), await open_turn(stage.store)
    await stage.store.mark_running(first.id)
    await stage.store.append(first, [saying("so far")])
    _make_old(stage.store.path)
    await stage.start()
    log = await stage.store.events("session-1")
    assert [(event.turn_id, event.closes_turn) for event in log] == [
        (first.id, False),
        (first.id, True),
        (second.id, True),
    ]
    assert [reason_of(event) for event in log[1:]] == ["error", "error"]
    assert "ask again" in text_of(log[1])
    assert await stage.store.open_turns() == []
    assert (await stage.ask())[-1].closes_turn


def _make_old(database: Path) -> None:
    """Open turns as a database has them that an older version wrote."""
    engine = make_engine(database, "writer", connections=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE turn SET durable = 0")
    engine.dispose()


async def test_a_turn_that_was_accepted_and_not_begun_runs(stage: Stage) -> None:
    """Promise: README, durability: an accepted prompt runs, whenever the server was killed after that."""
    turn = await open_turn(stage.store)
    stage.play(echo)
    await stage.start()
    assert await ids_of(stage.engine.follow("session-1", 0, live=False)) in ([], [1], [1, 2])
    await stage.ask("And then?")
    assert [event.turn_id for event in await stage.store.events("session-1")][:2] == [turn.id, turn.id]


async def test_a_turn_whose_checkpoints_are_lost_repeats_no_step(tmp_path: Path) -> None:
    """Promise: ARCHITECTURE, engine: the log is the truth; without the checkpoints only the model is asked again."""
    data = tmp_path / "data"
    code, _ = await asyncio.to_thread(_run, data, 12)
    assert code == -signal.SIGKILL
    for companion in ("", "-wal", "-shm"):
        (data / f"checkpoints.db{companion}").unlink(missing_ok=True)
    code, lines = await asyncio.to_thread(_run, data, 0)
    assert code == 0
    assert [json.loads(line)["id"] for line in lines] == list(range(1, 39))
    written = (data / "effects" / "first").read_text("utf-8").splitlines()
    whole = [line for line in written if line in {f"line {number}" for number in range(6)}]
    assert whole == sorted(set(whole))


async def test_a_reader_who_comes_back_after_a_restart_does_not_hang(stage: Stage) -> None:
    """Promise: README, HTTP: the same key after a restart gives the same answer, byte for byte."""
    await stage.session()
    spec = {"key": "k", "body_hash": "hash"}
    before = await everything(await stage.submit(**spec))
    stage.play(echo)
    assert await everything(await stage.submit(**spec)) == before


async def test_checkpoints_that_cannot_be_opened_are_told(stage: Stage) -> None:
    """Promise: README, faults: a damaged file ends prompts in words and readiness with them, not in silence."""
    (stage.data_dir / "checkpoints.db").write_bytes(b"no database at all, but long enough to look like something" * 9)
    answer = await stage.ask()
    assert reason_of(answer[-1]) == "error"
    assert "checkpoints.db is damaged or no database" in text_of(answer[-1])
    with pytest.raises(StoreError):
        assert stage.engine.ready
