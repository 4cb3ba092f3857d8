"""Ending a bubblewrap that has not let its child go yet."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

__all__ = ["kill_with_child"]


def kill_with_child(process: subprocess.Popen[bytes], child: int | None = None) -> None:
    """Kill a process with the one that it started, and collect it.

    Until its namespaces are set up, bubblewrap's child waits for its parent without noticing the parent's death
    (`--die-with-parent` holds from later on), so it is killed first; being uncollected, its number is nobody else's.

    Args:
        process: Bubblewrap.
        child: What it started, where that is known already; else it is looked for.
    """
    for number in _children(process.pid) if child is None else [child]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.kill()
    process.wait()


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for name in os.listdir("/proc"):  # noqa: PTH208 -- names are enough
        if name.isdigit():
            with contextlib.suppress(OSError):
                status = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
                # Behind the name in parentheses come the state and the parent (proc_pid_stat(5)).
                if int(status[status.rindex(")") + 2 :].split()[1]) == parent:
                    found.append(int(name))
    return found
