"""The real command on a pseudo-terminal: what a person would see and type."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from tests.cli.screens import shown_after

__all__ = ["Terminal", "on_terminal"]

_BOUND_SECONDS = 60.0
_ON_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)  # the first terminal that a session opens becomes its own
for number in range(3):
    os.dup2(terminal, number)
os.execv(sys.executable, [sys.executable, "-m", "robocoders", *sys.argv[2:]])
"""
_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")


class Terminal:
    """A terminal with one command on it.

    Attributes:
        raw: All that the command has written so far, escape sequences included.
    """

    def __init__(self, master: int, process: subprocess.Popen[bytes], size: tuple[int, int]) -> None:
        self.raw = ""
        self._size = size
        self._waited_to = 0
        self._master = master
        self._process = process

    @property
    def text(self) -> str:
        """What was written, without escape sequences."""
        return _SEQUENCES.sub("", self.raw).replace("\r\n", "\n")

    @property
    def screen(self) -> str:
        """What can be read on it now, line by line, what has scrolled off included."""
        return "\n".join(shown_after(self.raw, *self._size))

    @property
    def pid(self) -> int:
        return self._process.pid

    def type(self, text: str) -> None:
        """Type; a carriage return is Enter, the bytes 3 and 4 are Ctrl-C and Ctrl-D."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until the text has been written, behind what was waited for before."""
        end = time.monotonic() + _BOUND_SECONDS
        while (found := self.text.find(text, self._waited_to)) < 0:
            if not self._read(end):
                raise AssertionError(f"{text!r} did not come; there was:\n{self.text}")
        self._waited_to = found + len(text)

    def answer_prompt(self, text: str) -> None:
        """Wait for the prompt of a conversation, then type: a key that comes earlier may mean something else."""
        self.wait_for(">")
        self.type(text)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        end = time.monotonic() + _BOUND_SECONDS
        gone = os.pidfd_open(self._process.pid)
        try:
            while gone not in select.select([self._master, gone], [], [], max(end - time.monotonic(), 0))[0]:
                if not self._read(end):
                    raise AssertionError(f"the command did not end; there was:\n{self.text}")
        finally:
            os.close(gone)
        while self._read(time.monotonic()):
            pass
        return self._process.wait(_BOUND_SECONDS)

    def _read(self, end: float) -> bool:
        if not select.select([self._master], [], [], max(end - time.monotonic(), 0))[0]:
            return False
        chunk = os.read(self._master, 65_536)
        if b"\x1b[6n" in chunk:  # a program that asks where the cursor stands waits for the answer
            os.write(self._master, b"\x1b[1;1R")
        self.raw += chunk.decode(errors="replace")
        return True


@contextmanager
def on_terminal(
    *arguments: str, variables: Mapping[str, str] | None = None, columns: int = 100, rows: int = 30
) -> Generator[Terminal]:
    """Run `robocoders ARGUMENTS` on a terminal of its own."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, os.ttyname(slave), *arguments],
        env={**os.environ, "TERM": "xterm-256color", **(variables or {})},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Terminal(master, process, (columns, rows))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(_BOUND_SECONDS)
        os.close(slave)
        os.close(master)
