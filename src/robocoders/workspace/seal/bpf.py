"""A small assembler of classic BPF programs over `struct seccomp_data` (seccomp(2), linux/filter.h)."""

from __future__ import annotations

import struct

__all__ = [
    "ALLOW",
    "ARCHITECTURE",
    "KILL",
    "NUMBER",
    "Instruction",
    "argument",
    "assemble",
    "errno",
    "jump_if_equal",
    "load",
    "ret",
    "skip_unless_any_bit",
    "skip_unless_at_least",
    "skip_unless_equal",
]

Instruction = tuple[int, int, int, int]
"""Code, jump when true, jump when false, constant."""

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

NUMBER = 0
"""Where the system call's number lies in the data."""
ARCHITECTURE = 4
ALLOW = 0x7FFF0000  # SECCOMP_RET_ALLOW
KILL = 0x80000000  # SECCOMP_RET_KILL_PROCESS
_ERRNO = 0x00050000  # SECCOMP_RET_ERRNO


def argument(index: int) -> int:
    """Where the lower half of an argument lies (little-endian); the kernel reads flags and modes as 32 bits."""
    return 16 + 8 * index


def errno(value: int) -> int:
    """The verdict that the call fails with this error (0: it does nothing and succeeds)."""
    return _ERRNO | value


def load(offset: int) -> Instruction:
    """Take the word at this place of the data into the accumulator."""
    return _LOAD_WORD, 0, 0, offset


def ret(verdict: int) -> Instruction:
    """End with a verdict."""
    return _RETURN, 0, 0, verdict


def jump_if_equal(value: int, count: int) -> Instruction:
    """Go over the next `count` instructions where the accumulator has this value."""
    return _JUMP_EQUAL, count, 0, value


def skip_unless_equal(value: int, count: int) -> Instruction:
    """Go over the next `count` instructions unless the accumulator has this value."""
    return _JUMP_EQUAL, 0, count, value


def skip_unless_at_least(value: int, count: int) -> Instruction:
    """Go over the next `count` instructions unless the accumulator is this great."""
    return _JUMP_AT_LEAST, 0, count, value


def skip_unless_any_bit(mask: int, count: int) -> Instruction:
    """Go over the next `count` instructions unless one of these bits is set."""
    return _JUMP_ANY_BIT, 0, count, mask


def assemble(instructions: list[Instruction]) -> bytes:
    """The program as `struct sock_filter[]`."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
