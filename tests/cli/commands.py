"""The real command in a child process, with pipes for its streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BOUND_SECONDS", "COMMAND", "Ended", "command"]

BOUND_SECONDS = 60.0
COMMAND = (sys.executable, "-m", "robocoders")


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


def command(
    *arguments: str, stdin: bytes | None = None, variables: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ended:
    """Run `robocoders ARGUMENTS` to its end; without `stdin` nothing is offered on standard input."""
    ended = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env={**os.environ, **(variables or {})},
        cwd=cwd,
        timeout=BOUND_SECONDS,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
