from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.engine.sealing import SealedPlace, Sealing
from robocoders.errors import SealError
from robocoders.workspace.seal import Limits
from tests.engine.scenes import PATIENCE_SECONDS, Stage, everything, reason_of, text_of
from tests.store.scenes import session_row

_LINGERING = "(echo up; exec sleep 60) > pipe 2>/dev/null & echo begun"


class Commander:
    """An agent that runs a command, and then waits for ever where it is told to."""

    def __init__(self, command: str, *, waits: bool = False) -> None:
        self._command = command
        self._waits = waits
        self.ran = asyncio.Event()
        self.turns: list[TurnInput] = []

    async def __call__(self, turn: TurnInput, _: Emit) -> Outcome:
        self.turns.append(turn)
        if turn.seal is None:
            return Outcome(reason="error", text=turn.seal_refusal)
        finished = await turn.seal.run(self._command, shell=True)
        self.ran.set()
        if self._waits:
            await asyncio.Event().wait()
        return Outcome(reason="finished", text=f"{finished.exit_code} {finished.ended_by} {finished.stdout}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A workspace that whoever is inside of a seal may use, with a pipe in it."""
    project = tmp_path / "project"
    project.mkdir()
    os.mkfifo(project / "pipe")
    (project / "pipe").chmod(0o666)
    return project


@pytest.fixture
async def in_project(stage: Stage, project: Path) -> Stage:
    await stage.session(workspace_kind="directory", workspace_ref=str(project))
    return stage


@pytest.fixture
async def lingering(project: Path) -> AsyncIterator[asyncio.Future[bytes]]:
    """What a lingering command writes, until it is gone."""
    reading = asyncio.ensure_future(asyncio.to_thread((project / "pipe").read_bytes))
    yield reading
    if not reading.done():
        # Whatever failed: the thread that reads must not be left waiting for a writer.
        os.close(os.open(project / "pipe", os.O_RDWR | os.O_NONBLOCK))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await reading


@pytest.mark.needs_bubblewrap
async def test_commands_run_in_the_sessions_directory(in_project: Stage, project: Path) -> None:
    """Promise: README, workspaces: what an agent runs, it runs in the session's directory."""
    in_project.play(Commander("pwd; echo made > made.txt"))
    closing = (await in_project.ask())[-1]
    assert text_of(closing).split() == ["0", "None", str(project)]
    assert (project / "made.txt").read_text() == "made\n"


@pytest.mark.needs_bubblewrap
async def test_what_a_command_left_running_ends_with_the_turn(
    in_project: Stage, lingering: asyncio.Future[bytes]
) -> None:
    """Promise: README, workspaces: what a command left running dies with the turn at the latest."""
    in_project.play(Commander(_LINGERING))
    await in_project.ask()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await lingering == b"up\n"


@pytest.mark.needs_bubblewrap
async def test_cancelling_ends_commands_within_a_second(in_project: Stage, lingering: asyncio.Future[bytes]) -> None:
    """Promise: README, sessions: `cancel` ends a turn within a second, and all that runs for it."""
    commander = Commander(_LINGERING, waits=True)
    in_project.play(commander)
    handle = await in_project.submit()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await commander.ran.wait()
        began = time.monotonic()
        assert await in_project.engine.cancel("session-1")
        took = time.monotonic() - began
        assert await lingering == b"up\n"
        assert reason_of((await everything(handle))[-1]) == "cancelled"
    assert took < 1


@pytest.mark.needs_bubblewrap
async def test_a_stopping_server_leaves_no_command_behind(in_project: Stage, lingering: asyncio.Future[bytes]) -> None:
    """Promise: README, serving: a server that stops takes its commands with it; its turns go on later."""
    commander = Commander(_LINGERING, waits=True)
    in_project.play(commander)
    await in_project.submit()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await commander.ran.wait()
        await in_project.engine.stop(0)
        assert await lingering == b"up\n"


@pytest.mark.needs_bubblewrap
async def test_the_data_directory_is_not_in_the_seal(stage: Stage) -> None:
    """Promise: SECURITY: a data directory inside the workspace is hidden from commands, too."""
    (stage.data_dir.parent / "project").mkdir()
    await stage.session(workspace_kind="directory", workspace_ref=str(stage.data_dir.parent))
    stage.play(Commander("ls -A data | wc -l; ls -d project"))
    assert text_of((await stage.ask())[-1]).split() == ["0", "None", "0", "project"]


@pytest.mark.needs_bubblewrap
async def test_a_private_workspace_is_usable_inside_of_its_seal(stage: Stage) -> None:
    """Promise: README, workspaces: a session without a directory has one of its own, and its commands write there."""
    stage.play(Commander("echo made > made.txt; ls"))
    assert text_of((await stage.ask())[-1]).split() == ["0", "None", "made.txt"]
    assert (stage.data_dir / "workspaces" / "session-1" / "made.txt").read_text() == "made\n"


async def test_without_bubblewrap_commands_are_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Promise: README, workspaces: where bubblewrap cannot work commands are refused, with the cause and the mend."""
    monkeypatch.setenv("PATH", str(tmp_path))
    commander = Commander("true")
    stage.play(commander)
    said = text_of((await stage.ask())[-1])
    assert commander.turns[0].seal is None
    assert "bubblewrap" in said
    assert "install" in said


async def test_without_a_sandbox_commands_run_bare(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Promise: README, workspaces: `--sandbox none` needs no bubblewrap, for throw-away containers."""
    python = tmp_path / "bin"
    python.mkdir()
    for name in ("sh", "python3", "env"):
        found = shutil.which(name)
        assert found is not None
        (python / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(python))
    engine = Engine(
        stage.store,
        data_dir=stage.data_dir,
        default_model="offline",
        run_turn=Commander("echo bare"),
        sandbox="none",
        command_limits=Limits(wall_seconds=20),
    )
    await engine.start()
    try:
        closing = (await everything(await engine.submit(await stage.session(), PromptSpec("x", "RepoAgent"))))[-1]
    finally:
        await engine.stop(1)
    assert text_of(closing).split() == ["0", "None", "bare"]


async def test_each_turn_has_a_seal_of_its_own_with_its_sessions_network(stage: Stage) -> None:
    """Promise: README, workspaces: the network is off, and on only in the sessions that were made with it."""
    assert not (await stage.session()).network
    with_network = await stage.store.get_or_create_session(replace(session_row("session-2"), network=True))
    assert with_network.network
    found = await stage.store.session("session-2")
    assert found is not None
    assert found.network
    sealing = Sealing(stage.data_dir, limits=Limits(wall_seconds=5))
    seals = [sealing.seal(stage.data_dir / "w", network=network) for network in (False, True)]
    assert [seal.limits.wall_seconds for seal in seals] == [5, 5]
    assert seals[0] is not seals[1]


async def test_a_seal_that_comes_after_the_end_is_closed(tmp_path: Path) -> None:
    """Promise: ours: a turn that was stopped while its place was being made runs nothing any more."""
    place = SealedPlace()
    await place.close()
    seal = place.take(Sealing(tmp_path / "data", sandbox="none").seal(tmp_path, network=False))
    await place.close()
    with pytest.raises(SealError):
        await seal.run("true", shell=True)
