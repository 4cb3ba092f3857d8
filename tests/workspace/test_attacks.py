from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from robocoders.workspace.attacks import ATTEMPTS, Attempt, Sign, run_attacks
from robocoders.workspace.attacks.attempt import FileTools
from robocoders.workspace.attacks.inspecting import Inspector
from robocoders.workspace.attacks.judging import judge_peaks
from robocoders.workspace.attacks.pulse import Pulse
from robocoders.workspace.attacks.running import carry_out
from robocoders.workspace.attacks.sampling import Peaks, wait_until_gone
from robocoders.workspace.attacks.scene import Scene
from tests.workspace.unsealed import LOOSE, UnsealedFiles

GROUPS = list(dict.fromkeys(attempt.group for attempt in ATTEMPTS))
IS_ROOT = os.geteuid() == 0
ORDINARY_USER = 4711
_FOR_USERS = {Sign.LEAKED, Sign.REACHED, Sign.EXCEEDED}


def _proofs() -> Iterator[object]:
    """Attempts that succeed without a seal: all of them as root, of an ordinary user those that need no rights."""
    for attempt in ATTEMPTS:
        if not attempt.bare and (IS_ROOT or (attempt.sign in _FOR_USERS and "handle" not in attempt.id)):
            marks = [pytest.mark.slow] if attempt.sign in {Sign.EXCEEDED, Sign.PRIVILEGED} else []
            yield pytest.param(attempt, id=attempt.id, marks=marks)


@pytest.fixture
def alone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two at a time would be blamed for what the other takes of the disk and of the kernel's memory."""
    parameters: dict[str, object] = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    attempt, group = parameters.get("attempt"), parameters.get("group")
    chosen = [attempt] if isinstance(attempt, Attempt) else [each for each in ATTEMPTS if group in {None, each.group}]
    if any(each.shows in {"memory", "disk"} for each in chosen):
        with FileLock(tmp_path_factory.getbasetemp().parent / "attacks.lock"):
            yield
    else:
        yield


def _named(name: str) -> Attempt:
    return next(attempt for attempt in ATTEMPTS if attempt.id == name)


def test_there_are_more_than_sixty_attempts_of_all_kinds() -> None:
    """Promise: docs/command.md, doctor: more than a hundred attempts, each of its own."""
    assert len(ATTEMPTS) > 100
    assert len({attempt.id for attempt in ATTEMPTS}) == len(ATTEMPTS)
    assert {attempt.sign for attempt in ATTEMPTS} == set(Sign)
    assert all(attempt.program or attempt.tool for attempt in ATTEMPTS)
    proved = {attempt.sign for attempt in ATTEMPTS if not attempt.bare}
    assert proved >= set(Sign) - {Sign.OUTLIVED, Sign.STUCK}  # Which have tests of their own below.


@pytest.mark.needs_bubblewrap
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("group", GROUPS)
async def test_nothing_gets_out(group: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: nothing gets out of a seal, by commands and by file tools."""
    attempts = [attempt for attempt in ATTEMPTS if attempt.group == group]
    got_out = [
        f"{result.attempt.id}: {'; '.join(map(str, result.findings))}"
        async for result in run_attacks(tmp_path, attempts)
        if result.has_succeeded
    ]
    assert not got_out
    left = await asyncio.to_thread(os.listdir, tmp_path)
    assert not [name for name in left if name.startswith("robocoders-attack")]


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.usefixtures("alone")
@pytest.mark.needs_bubblewrap
def test_nothing_gets_out_where_an_ordinary_user_serves() -> None:
    """Promise: docs/command.md, doctor --attack --jsonl; the server of an ordinary user seals as well as root's."""
    home = Path(tempfile.mkdtemp(prefix="robocoders-user-"))
    paths = [str(Path(__file__).parents[2] / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    words = ["-m", "robocoders", "doctor", "--attack", "--jsonl"]
    variables = {"HOME": str(home), "TMPDIR": str(home), "PATH": os.defpath, "PYTHONPATH": ":".join(paths)}
    command = [sys.executable, *words]
    if IS_ROOT:
        shutil.chown(home, ORDINARY_USER, ORDINARY_USER)
        # The interpreter may lie where only root gets: it is shown somewhere else.
        interpreter = f"/mnt/bin/python3.{sys.version_info.minor}"
        user = f"--reuid={ORDINARY_USER} --regid={ORDINARY_USER} --clear-groups --inh-caps=-all"
        script = f'mount --bind "$0" /mnt && exec setpriv {user} {interpreter} "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, sys.base_prefix, *words]
    try:
        ended = subprocess.run(command, env=variables, capture_output=True, timeout=400, check=False, cwd="/")
    finally:
        shutil.rmtree(home)
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(result["id"], result["findings"]) for result in results if result["got_out"]] == []
    assert len(results) == len(ATTEMPTS), ended.stderr.decode()
    assert ended.returncode == 0


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("attempt", list(_proofs()))
async def test_an_attempt_succeeds_where_nothing_prevents_it(attempt: Attempt, tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: whether something got out is seen from outside; no attempt is for show."""
    with Scene(tmp_path / "scene") as scene:
        files = UnsealedFiles if attempt.tool is not None else None
        result = await carry_out(attempt, scene, sandbox="none", limits=LOOSE, files=files)
        again = await carry_out(
            replace(attempt, program="true", language="sh", tool=None), scene, limits=LOOSE, sandbox="none"
        )
    assert result.shows_success(), [str(finding) for finding in result.findings]
    assert not again.shows_success() or attempt.shows in {"capabilities", "network interfaces"}


def test_a_process_that_lives_on_is_noticed() -> None:
    """Promise: docs/command.md, doctor: what outlives its seal got out."""
    with subprocess.Popen(["sleep", "60"]) as process:
        started = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
        assert wait_until_gone({process.pid: started}, 0.1) == [process.pid]
        assert wait_until_gone({process.pid: started + 1}, 0.1) == []
        process.kill()
        assert wait_until_gone({process.pid: started}, 5) == []


async def test_a_loop_that_stands_still_is_noticed() -> None:
    """Promise: docs/command.md, doctor: an attempt that stops the server got out."""
    async with Pulse() as pulse:
        await asyncio.to_thread(os.sched_yield)
        subprocess.run(["sleep", "4.5"], check=True)  # noqa: ASYNC221 -- it is to block the loop
        async with asyncio.timeout(10):
            while not pulse.findings():
                await asyncio.to_thread(os.sched_yield)
    assert [finding.sign for finding in pulse.findings()] == [Sign.STUCK]
    assert Pulse().findings() == []


async def test_a_tool_that_never_answers_is_noticed(tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: an attempt after which a file tool does not answer got out."""

    async def wait_forever(files: FileTools, variables: Mapping[str, str]) -> bytes:
        await asyncio.Event().wait()
        return b""

    with Scene(tmp_path / "scene") as scene:
        result = await carry_out(Attempt("x.y", "wait", Sign.STUCK, tool=wait_forever), scene, sandbox="none")
    assert result.shows_success()


def test_each_measurement_is_held_against_its_limit() -> None:
    """Promise: docs/command.md, doctor: what exceeds a limit by more than the watcher's overshoot got out."""
    attempt = _named("memory.pages")
    peaks = Peaks()
    assert judge_peaks(attempt, peaks, 0, 0) == []
    peaks.memory_bytes = peaks.server_bytes = 8 << 30
    peaks.processes = 4000
    peaks.ticks[1, 1] = 100_000
    found = [finding.detail.partition(":")[0] for finding in judge_peaks(attempt, peaks, 8 << 30, 1000)]
    assert found == ["memory", "processes", "CPU seconds", "seconds", "memory of the server"]
    assert judge_peaks(_named("disk.one-file"), Peaks(), 8 << 30, 1)[0].detail.startswith("disk space")


def test_a_process_that_is_safer_than_its_first_is_noticed() -> None:
    """Promise: docs/command.md, doctor: rights that a seal does not give are seen from outside."""
    with subprocess.Popen(["sleep", "60"]) as first, subprocess.Popen(["sleep", "60"]) as other:
        try:
            Path(f"/proc/{first.pid}/oom_score_adj").write_text("900")
            inspector = Inspector()
            inspector.inspect(other.pid, first.pid)
        finally:
            first.kill()
            other.kill()
    assert inspector.inspected == 1
    assert any("safety" in text for text in inspector.found)


async def test_a_seal_that_was_stopped_is_noticed(tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: an attempt after which the next command gets no answer got out."""
    stopper = Attempt(
        "x.stop", "stop the supervisor", Sign.STUCK, 'kill -STOP "$PPID"', limits=_named("time.sleep").limits
    )
    with Scene(tmp_path / "scene") as scene:
        result = await carry_out(stopper, scene, sandbox="none")
    assert result.shows_success(), result.ended
