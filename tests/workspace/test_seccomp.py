from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from robocoders.workspace.seal import Seal
from robocoders.workspace.seal.denials import DENIALS, OF_UNCOUNTED_MEMORY
from robocoders.workspace.seal.seccomp import MACHINES, filter_program
from robocoders.workspace.seal.syscalls import NUMBERS, number

_PROBE = """
import ctypes, os, sys
call = ctypes.CDLL(None, use_errno=True).syscall
for line in sys.argv[1:]:
    arguments = [ctypes.c_long(int(word)) for word in line.split()]
    result = call(*arguments)
    print(ctypes.get_errno() if result < 0 else 0)
"""


async def _errors(root: Path, *calls: tuple[int, ...]) -> list[int]:
    lines = [" ".join(map(str, call)) for call in calls]
    async with Seal(root) as seal:
        finished = await seal.run(["python3", "-c", _PROBE, *lines], shell=False)
    return [int(word) for word in finished.stdout.split()]


@pytest.mark.needs_bubblewrap
async def test_calls_that_are_always_denied_fail_inside(tmp_path: Path) -> None:
    """Promise: SECURITY (ptrace, io_uring, bpf, key rings, mounts and the like are refused by the kernel)."""
    machine = os.uname().machine
    always = [denial for denial in (*DENIALS, OF_UNCOUNTED_MEMORY) if denial.argument is None]
    expected = [(name, denial.error) for denial in always for name in denial.calls if number(name, machine) is not None]
    errors = await _errors(tmp_path, *((number(name, machine) or 0, 0, 0, 0, 0, 0) for name, _ in expected))
    without_group = [(name, error) for name, error in expected if name not in OF_UNCOUNTED_MEMORY.calls]
    assert list(zip((name for name, _ in expected), errors, strict=True))[: len(without_group)] == without_group


@pytest.mark.needs_bubblewrap
async def test_calls_that_an_argument_decides_are_told_apart(tmp_path: Path) -> None:
    """Promise: SECURITY (new namespaces, foreign sockets, set-user-id files, terminals of others)."""
    machine = os.uname().machine

    def numbered(name: str, *arguments: int) -> tuple[int, ...]:
        return (number(name, machine) or 0, *arguments)

    calls = {
        numbered("unshare", 0x10000000): errno.EPERM,
        numbered("unshare", 0x400): 0,  # CLONE_FILES
        numbered("clone", 0x10000000 | 17, 0, 0, 0, 0): errno.EPERM,
        numbered("socket", 1, 1, 0): 0,
        numbered("socket", 2, 1, 0): 0,
        numbered("socket", 16, 3, 0): 0,
        numbered("socket", 16, 3, 9): errno.EPROTONOSUPPORT,  # NETLINK_AUDIT
        numbered("socket", 17, 3, 0): errno.EAFNOSUPPORT,  # AF_PACKET
        numbered("socket", 38, 5, 0): errno.EAFNOSUPPORT,  # AF_ALG
        numbered("socket", 40, 1, 0): errno.EAFNOSUPPORT,  # AF_VSOCK
        numbered("ioctl", 0, 0x5412, 0): errno.EPERM,
        numbered("ioctl", 0, 0x5412 | 1 << 32, 0): errno.EPERM,  # the kernel looks at the lower half alone
        numbered("ioctl", 0, 0x5401, 0): errno.ENOTTY,
        numbered("fchmod", 0, 0o4755): errno.EPERM,
        numbered("fchmod", 99, 0o755): errno.EBADF,
        numbered("openat", -100, 0, 0o102, 0o4755): errno.EPERM,
        numbered("openat", -100, 0, 0o2, 0o4755): errno.EFAULT,  # creates nothing
        numbered("prctl", 4, 0, 0, 0, 0): 0,
    }
    assert dict(zip(calls, await _errors(tmp_path, *calls), strict=True)) == calls


@pytest.mark.needs_bubblewrap
async def test_calls_of_another_architecture_are_not_let_through(tmp_path: Path) -> None:
    """Promise: SECURITY (a filter by numbers must not be passed with other numbers)."""
    if os.uname().machine == "x86_64":
        assert await _errors(tmp_path, (0x40000000 | 39,)) == [errno.ENOSYS]
    assert ctypes.sizeof(ctypes.c_long) == 8


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_programs_fit_and_end_with_a_verdict(machine: str) -> None:
    """Promise: seccomp(2) (at most 4096 instructions, no jump beyond the end)."""
    program = filter_program(machine, is_memory_counted=False)
    count = len(program) // 8
    assert count <= 4096
    for place in range(count):
        code, when_true, when_false = program[place * 8], program[place * 8 + 2], program[place * 8 + 3]
        if code & 7 == 5:
            assert place + 1 + max(when_true, when_false) < count
    assert program[-8] == 6


def test_every_denial_names_calls_a_reason_and_a_source() -> None:
    """Promise: SECURITY (each refusal can be looked up)."""
    for denial in (*DENIALS, OF_UNCOUNTED_MEMORY):
        assert set(denial.calls) <= set(NUMBERS)
        assert denial.reason
        assert denial.source
