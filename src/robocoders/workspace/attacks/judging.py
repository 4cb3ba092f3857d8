"""Measurements held against limits, with what the watcher may come late."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from robocoders.workspace.attacks.attempt import MEBIBYTE, Attempt, Finding, Sign
from robocoders.workspace.attacks.sampling import Peaks

__all__ = ["judge_peaks", "left_in"]

_MORE_MEMORY = 512 * MEBIBYTE
_MORE_DISK = 512 * MEBIBYTE
_MORE_PROCESSES = 128
_MORE_CPU_SECONDS = 3.0
_MORE_WALL_SECONDS = 4.0
_SERVER_BYTES = 384 * MEBIBYTE
"""What the server may need for the largest answers that it takes."""
_ANYTHING = 1 << 62
"""Space on disk and memory of the kernel are the whole machine's: only attempts on them are judged by them."""
_READ_BYTES = 65536
_MOST_FILES = 300


def judge_peaks(attempt: Attempt, peaks: Peaks, taken_bytes: int, seconds: float) -> list[Finding]:
    """Which limits did not hold.

    Args:
        attempt: With the limits to judge by.
        peaks: What the sampler saw.
        taken_bytes: By how much the file system's free space shrank and grew again, others' doing included.
        seconds: How long the program took.
    """
    limits = attempt.limits
    measured = (
        ("memory", peaks.memory_bytes, limits.memory_bytes + _MORE_MEMORY if attempt.shows == "memory" else _ANYTHING),
        ("disk space", taken_bytes, limits.workspace_bytes + _MORE_DISK if attempt.shows == "disk" else _ANYTHING),
        ("processes", peaks.processes, limits.processes + _MORE_PROCESSES),
        ("CPU seconds", peaks.cpu_seconds, limits.cpu_seconds + _MORE_CPU_SECONDS),
        ("seconds", seconds, limits.wall_seconds + _MORE_WALL_SECONDS),
        ("memory of the server", peaks.server_bytes, _SERVER_BYTES),
    )
    return [
        Finding(Sign.EXCEEDED, f"{name}: {value:.0f} of {most:.0f}") for name, value, most in measured if value > most
    ]


def left_in(workspace: Path) -> Iterator[bytes]:
    """The beginnings of regular files that an attempt left in its workspace, and their names."""
    count = 0
    for folder, _, files in os.walk(workspace):
        for name in files:
            count += 1
            if count > _MOST_FILES:
                return
            path = Path(folder, name)
            yield os.fsencode(name)
            with contextlib.suppress(OSError):
                status = path.lstat()
                # A hard link to a file outside is a change outside, and recognised as one.
                if stat.S_ISREG(status.st_mode):
                    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
                    try:
                        yield os.read(descriptor, _READ_BYTES)
                    finally:
                        os.close(descriptor)
