"""What commands may use, and how one ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EndedBy", "Finished", "Limits"]

_FILE_TOO_LARGE = 128 + 25
"""SIGXFSZ, as shells report it."""

EndedBy = Literal["wall_clock", "cpu", "memory", "processes", "output", "workspace_size", "cancelled"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the whole tree of processes of a seal may use.

    Args:
        wall_seconds: How long one command may take.
        cpu_seconds: CPU time of all processes since the command began, those that earlier commands left included.
        memory_bytes: Memory of all processes together, with the private file systems in memory (TMPDIR, home).
        processes: Processes and threads at once.
        file_bytes: The largest file that may be written. Who exceeds it gets EFBIG or SIGXFSZ (setrlimit(2)).
        output_bytes: Standard output and standard error of one command together.
        workspace_bytes: What the workspace may hold on disk, with what was in it before.
    """

    wall_seconds: float = 600
    cpu_seconds: int = 600
    memory_bytes: int = 2 << 30
    processes: int = 512
    file_bytes: int = 1 << 30
    output_bytes: int = 1 << 20
    workspace_bytes: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended.

    Args:
        exit_code: The program's own; 128 + N where signal N ended it, 127 where there is no such program.
        stdout: What it wrote to standard output; bytes that are no UTF-8 are U+FFFD.
        stderr: The same of standard error.
        ended_by: The limit that ended it, None where it ended by itself.
    """

    exit_code: int
    stdout: str
    stderr: str
    ended_by: EndedBy | None = None

    def explanation(self, limits: Limits) -> str | None:
        """One sentence for a person or a model on the limit that ended the command; None where none did."""
        mebibyte = 1 << 20
        texts: dict[EndedBy, str] = {
            "wall_clock": "it took longer than it may take",
            "cpu": f"it used more than {limits.cpu_seconds} s of CPU time, with everything that it started",
            "memory": f"it used more than {limits.memory_bytes // mebibyte} MiB of memory, with all that it started",
            "processes": f"it had more than {limits.processes} processes and threads at once",
            "output": f"it wrote more than {limits.output_bytes} bytes of output; the rest is cut off",
            "workspace_size": f"the workspace grew beyond {limits.workspace_bytes // mebibyte} MiB",
            "cancelled": "it was cancelled",
        }
        if self.ended_by is not None:
            return f"The command was ended: {texts[self.ended_by]}."
        if self.exit_code == _FILE_TOO_LARGE:
            return f"The command was ended: it wrote a file larger than {limits.file_bytes // mebibyte} MiB."
        return None
