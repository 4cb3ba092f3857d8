from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from robocoders.store import Store
from tests.engine.scenes import Stage, everything, reason_of, text_of
from tests.store.scenes import Clock, open_turn, saying, url_of

_ROOT = Path(__file__).parents[2]

_RUNNING = """
import asyncio, sys
from pathlib import Path
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.store import Store
from tests.engine.scenes import Held
from tests.store.scenes import session_row, url_of

async def main():
    data = Path(sys.argv[1])
    store = await Store.open(url_of(data / "robocoders.db"))
    held = Held()
    engine = Engine(store, data_dir=data, default_model="offline", run_turn=held)
    session = await store.get_or_create_session(session_row())
    for prompt in ("first", "second"):
        await engine.submit(session, PromptSpec(prompt=prompt, agent="RepoAgent", key=prompt))
    await held.wait_for(1)
    print("running", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_turns_left_open_are_closed_at_the_next_start(stage: Stage) -> None:
    """Promise: README, durability: a turn that a crash left open ends with reason `error` at the next start."""
    first, second = await open_turn(stage.store), await open_turn(stage.store)
    await stage.store.mark_running(first.id)
    await stage.store.append(first, [saying("so far")])
    await stage.start()
    log = [event async for event in stage.engine.follow("session-1", 0, live=False)]
    assert [(event.turn_id, event.closes_turn) for event in log] == [
        (first.id, False),
        (first.id, True),
        (second.id, True),
    ]
    assert [reason_of(event) for event in log[1:]] == ["error", "error"]
    assert await stage.store.open_turns() == []
    assert (await stage.ask())[-1].closes_turn


async def test_a_reader_who_comes_back_after_a_crash_does_not_hang(stage: Stage) -> None:
    """Promise: README, HTTP: the same key after a crash gives the answer as far as it came, and its end."""
    await stage.session()
    spec = {"key": "k", "body_hash": "hash"}
    handle = await stage.submit(**spec)
    before = await everything(handle)
    await stage.start()
    assert await everything(await stage.submit(**spec)) == before


def _kill_while_running(data: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", _RUNNING, str(data)], stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    assert child.stdout is not None
    with child.stdout as output:
        assert output.readline() == "running\n"
        child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL


async def test_a_killed_engine_is_followed_by_one_that_closes_its_turns(tmp_path: Path) -> None:
    """Promise: README, durability: kill -9 leaves a log from which the next start tells how each turn ended."""
    data = tmp_path / "data"
    await asyncio.to_thread(_kill_while_running, data)
    store = await Store.open(url_of(data / "robocoders.db"))
    stage = Stage(store, Clock(), data)
    await stage.start()
    answers = [await stage.ask(prompt, key=prompt) for prompt in ("first", "second")]
    assert [[reason_of(answer[-1]), len(answer)] for answer in answers] == [["error", 2], ["error", 1]]
    assert text_of(answers[0][0]) == "begun: first"
    assert "ended unexpectedly" in text_of(answers[0][1])
    await stage.leave()
    await store.close()
