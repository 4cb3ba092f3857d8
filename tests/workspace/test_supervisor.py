"""The program inside, run bare and by an ordinary interpreter, and driven by requests."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from robocoders.errors import SealError
from robocoders.workspace.seal.arguments import bare_environment
from robocoders.workspace.seal.commands import RunningCommand
from robocoders.workspace.seal.descriptors import readable
from robocoders.workspace.seal.limits import Finished, Limits
from robocoders.workspace.seal.requests import Requests

_PROGRAM = (
    "import sys\nfrom robocoders.workspace.seal.inside.supervisor import supervise\nsupervise(**eval(sys.argv[1]))"
)
MEBIBYTE = 1 << 20
LIMITS = Limits(
    wall_seconds=30, cpu_seconds=1, memory_bytes=150 * MEBIBYTE, processes=50, workspace_bytes=20 * MEBIBYTE
)


@pytest.fixture
async def requests(tmp_path: Path) -> AsyncGenerator[Requests]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    root = tmp_path / "root"
    root.mkdir()
    settings: dict[str, Any] = {
        "control": theirs.fileno(),
        "root": str(root),
        "is_bare": True,
        "limits": {
            "cpu_seconds": LIMITS.cpu_seconds,
            "memory_bytes": LIMITS.memory_bytes,
            "processes": LIMITS.processes,
            "workspace_bytes": LIMITS.workspace_bytes,
            "file_bytes": 50 * MEBIBYTE,
            "threads": 0,
            "process_cpu_seconds": 10,
            "open_files": 256,
        },
        "memory_file_systems": (),
        "mount": -1,
        "masked": (),
        "identity": None,
        "seccomp": b"",
    }
    process = _start(settings, theirs)
    ours.settimeout(0)
    async with asyncio.timeout(60):
        await readable(ours.fileno())
    assert ours.recv(100) == b"0 ok 0"
    connection = Requests(ours)
    yield connection
    connection.close()
    ours.close()
    assert process.wait(timeout=30) in {0, -9}


def _start(settings: dict[str, Any], control: socket.socket) -> subprocess.Popen[bytes]:
    with control:
        return subprocess.Popen([sys.executable, "-c", _PROGRAM, repr(settings)], pass_fds=(control.fileno(),))


async def _run(requests: Requests, script: str) -> Finished:
    running = RunningCommand(requests, LIMITS, LIMITS.wall_seconds, None)
    try:
        return await running.run(["/bin/sh", "-c", script], bare_environment())
    finally:
        if running.drain is not None:
            running.drain.close()


async def test_results_are_told_as_a_shell_tells_them(requests: Requests) -> None:
    """Protocol fact: POSIX shell, exit status (126, 127, and 128 with a signal's number)."""
    assert await _run(requests, "echo out; echo err >&2; exit 7") == Finished(7, "out\n", "err\n")
    assert (await _run(requests, "kill -TERM $$")).exit_code == 143
    for program, code in (("no-such-program", 127), ("/", 126)):
        running = RunningCommand(requests, LIMITS, 10, None)
        assert (await running.run([program], bare_environment())).exit_code == code


@pytest.mark.parametrize(
    ("ended_by", "script"),
    [
        ("cpu", "while :; do :; done"),
        ("memory", "tail /dev/zero"),
        ("processes", "for i in $(seq 80); do sleep 1000 & done; wait"),
        ("workspace_size", "mkdir d; head -c 30000000 /dev/zero > d/big; sleep 1000"),
        ("workspace_size", "exec 3>gone; rm gone; head -c 30000000 /dev/zero >&3; sleep 1000"),
    ],
)
async def test_the_watcher_ends_everything_and_tells_why(requests: Requests, ended_by: str, script: str) -> None:
    """Promise: ours; limits hold the tree also where there are no namespaces."""
    async with asyncio.timeout(60):
        finished = await _run(requests, script)
    assert (finished.ended_by, finished.exit_code) == (ended_by, 137)


async def test_files_are_touched_on_request(requests: Requests, tmp_path: Path) -> None:
    """Promise: ours; each operation answers as the operating system does."""
    await requests.file_operation("write", "a/b", b"data")
    assert await requests.file_operation("read", "a/b", 100) == b"data"
    assert await requests.file_operation("stat", "a/b") == b"0 4"
    await requests.file_operation("make", "c")
    assert await requests.file_operation("list", ".") == b"a\0001 -1\0c\0001 -1\0"
    assert await requests.file_operation("real", "a/../c") == str(tmp_path / "root" / "c").encode()
    await requests.file_operation("remove", "a")
    with pytest.raises(FileNotFoundError):
        await requests.file_operation("read", "a/b", 100)


async def test_whoever_waits_when_the_supervisor_goes_is_told(requests: Requests) -> None:
    """Promise: ours; a broken seal is said, and never taken for a result."""
    async with asyncio.timeout(30):
        with pytest.raises(SealError, match="broke"):
            await _run(requests, "kill -KILL $PPID; sleep 1000")
    assert not requests.is_open
