"""Programs that are started and, whatever interrupts, ended."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

__all__ = ["child", "undisturbed"]

STOP_SECONDS = 20.0


@contextmanager
def child(
    command: list[str],
    *,
    environment: Mapping[str, str],
    directory: Path | None = None,
    output: int | None = None,
    errors: IO[bytes] | None = None,
) -> Generator[subprocess.Popen[str]]:
    """Run a program beside the block; at the block's end it is stopped, if it has not ended.

    Ctrl-C is for this process, which ends what it started: a program that is just starting would print a traceback.
    """
    started: list[subprocess.Popen[str]] = []

    def start() -> None:
        process = subprocess.Popen(  # noqa: S603 - this very project
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        started.append(process)

    try:
        undisturbed(start)
        yield started[0]
    finally:
        for process in started:
            _end(process)


def undisturbed(work: Callable[[], None]) -> None:
    """Do what must not be left half done, as the start of a process; SIGINT and SIGTERM count when it is done."""
    waiting: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    handlers = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        work()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
