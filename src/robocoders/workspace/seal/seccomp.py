"""The filter on system calls, put together from the table of denials."""

from __future__ import annotations

from robocoders.workspace.seal import bpf
from robocoders.workspace.seal.denials import DENIALS, OF_UNCOUNTED_MEMORY, Denial
from robocoders.workspace.seal.syscalls import number

__all__ = ["MACHINES", "filter_program"]

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH of each machine that has a filter (linux/audit.h)."""
_X32_BIT = 0x40000000
_ENOSYS = 38


def filter_program(machine: str, *, is_memory_counted: bool) -> bytes:
    """The instructions for `PR_SET_SECCOMP`.

    Args:
        machine: As `os.uname().machine` names it.
        is_memory_counted: Whether a control group holds memory, so that files in memory need no denial.

    Raises:
        KeyError: There is no filter for this machine.
    """
    # Another architecture's calls (i386 on x86_64) have other numbers: they would pass unseen.
    program = [bpf.load(bpf.ARCHITECTURE), bpf.jump_if_equal(MACHINES[machine], 1), bpf.ret(bpf.KILL)]
    program.append(bpf.load(bpf.NUMBER))
    if machine == "x86_64":
        program += [bpf.skip_unless_at_least(_X32_BIT, 1), bpf.ret(bpf.errno(_ENOSYS))]
    denials = DENIALS if is_memory_counted else (*DENIALS, OF_UNCOUNTED_MEMORY)
    for denial in denials:
        for call in denial.calls:
            wanted = number(call, machine)
            if wanted is not None:
                program += _rule(wanted, denial)
    program.append(bpf.ret(bpf.ALLOW))
    return bpf.assemble(program)


def _rule(wanted: int, denial: Denial) -> list[bpf.Instruction]:
    body = _body(denial)
    if denial.argument is not None:
        # Arguments were loaded over the number, which the next rule compares with.
        body.append(bpf.load(bpf.NUMBER))
    return [bpf.skip_unless_equal(wanted, len(body)), *body]


def _body(denial: Denial) -> list[bpf.Instruction]:
    verdict = bpf.ret(bpf.errno(denial.error))
    if denial.argument is None:
        return [verdict]
    judgement = [bpf.load(bpf.argument(denial.argument)), *_judgement(denial, verdict)]
    if denial.only_if is not None:
        index, mask = denial.only_if
        return [bpf.load(bpf.argument(index)), bpf.skip_unless_any_bit(mask, len(judgement)), *judgement]
    if denial.only_equal is not None:
        index, value = denial.only_equal
        return [bpf.load(bpf.argument(index)), bpf.skip_unless_equal(value, len(judgement)), *judgement]
    return judgement


def _judgement(denial: Denial, verdict: bpf.Instruction) -> list[bpf.Instruction]:
    if denial.any_bit:
        return [bpf.skip_unless_any_bit(denial.any_bit, 1), verdict]
    if denial.equal:
        return [part for value in denial.equal for part in (bpf.skip_unless_equal(value, 1), verdict)]
    # Each allowed value goes on behind the verdict at the end.
    count = len(denial.other_than)
    jumps = [bpf.jump_if_equal(value, count - place) for place, value in enumerate(denial.other_than)]
    return [*jumps, verdict]
