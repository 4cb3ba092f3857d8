from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from robocoders.workspace.seal import EndedBy, Finished, Limits, Seal

pytestmark = pytest.mark.needs_bubblewrap

MEBIBYTE = 1 << 20
LIMITS = Limits(
    wall_seconds=20,
    cpu_seconds=1,
    memory_bytes=200 * MEBIBYTE,
    processes=80,
    file_bytes=30 * MEBIBYTE,
    output_bytes=50_000,
    workspace_bytes=100 * MEBIBYTE,
)

HOGS: dict[str, tuple[EndedBy, str]] = {
    "a bomb of forks": ("processes", "b() { b | b & }; b; sleep 1000"),
    "threads": (
        "processes",
        "python3 -c 'import threading as t\nfor _ in range(100): t.Thread(target=t.Event().wait).start()'",
    ),
    "one process's memory": ("memory", "tail /dev/zero"),
    "many processes' memory": (
        "memory",
        "for _ in 1 2 3 4 5 6; do (head -c 60M /dev/zero; sleep 1000) | tail & done; wait",
    ),
    "private file systems": (
        "memory",
        "for d in $TMPDIR ~ /dev/shm; do head -c90M /dev/zero | split -b25M - $d/x; done; sleep 99",
    ),
    "a busy loop": ("cpu", "while :; do :; done"),
    "many busy loops": ("cpu", "for _ in 1 2 3; do (while :; do :; done) & done; wait"),
    "many short processes": ("cpu", "while :; do (:); done"),
    "a detached busy loop": ("cpu", "setsid sh -c 'while :; do :; done' & sleep 1000"),
    "many files": ("workspace_size", "for i in 1 2 3 4 5 6; do head -c 25M /dev/zero > $i; done; sleep 1000"),
    "files without a name": (
        "workspace_size",
        'for i in 3 4 5 6 7 8; do eval "exec $i>f"; rm f; head -c 25M /dev/zero >&$i; done; sleep 1000',
    ),
    "endless output": ("output", "yes"),
    "endless errors": ("output", "yes >&2"),
}


@pytest.mark.parametrize("name", HOGS)
async def test_each_limit_ends_the_whole_tree_and_says_so(name: str, tmp_path: Path) -> None:
    """Promise: ours; each limit holds the tree of processes, and the model reads which one it was."""
    ended_by, command = HOGS[name]
    root = tmp_path / "workspace"
    root.mkdir()
    async with asyncio.timeout(60), Seal(root, limits=LIMITS) as seal:
        finished = await seal.run(command, shell=True)
        assert (finished.ended_by, finished.exit_code) == (ended_by, 137)
        assert finished.explanation(LIMITS)
        assert len(finished.stdout) + len(finished.stderr) <= LIMITS.output_bytes
        after = await seal.run("rm -rf $TMPDIR/* /dev/shm/* ~/* *; echo usable", shell=True)
        assert (after.stdout, after.ended_by) == ("usable\n", None)


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """Promise: ours; the wall clock ends a command with its children, and the output so far is kept."""
    async with asyncio.timeout(60), Seal(tmp_path) as seal:
        finished = await seal.run("echo begun; sleep 1001 & sleep 1002", shell=True, timeout=0.5)
        assert (finished.stdout, finished.exit_code, finished.ended_by) == ("begun\n", 137, "wall_clock")
        assert " 100" not in (await seal.run(["ps", "axo", "args"], shell=False)).stdout


async def test_a_file_that_grows_too_large_is_cut_off_by_the_kernel(tmp_path: Path) -> None:
    """Promise: ours; the largest file has a limit, and the model reads that it was exceeded."""
    root = tmp_path / "workspace"
    root.mkdir()
    async with Seal(root, limits=LIMITS) as seal:
        finished = await seal.run(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=40"], shell=False)
    assert (root / "big").stat().st_size == LIMITS.file_bytes
    assert "larger than 30 MiB" in (finished.explanation(LIMITS) or "")


def test_a_command_that_ended_by_itself_needs_no_explanation() -> None:
    """Promise: ours; a failing command is a result like any other."""
    assert Finished(1, "", "").explanation(Limits()) is None
