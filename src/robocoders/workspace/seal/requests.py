"""Requests to a supervisor and its answers.

The supervisor stands beside commands that may be hostile. What it says is therefore read as a few words and never as
anything that could be more: no marshalled data, no descriptors.
"""

from __future__ import annotations

import asyncio
import errno
import marshal
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from robocoders.errors import SealError
from robocoders.workspace.seal.descriptors import close_all
from robocoders.workspace.seal.limits import EndedBy
from robocoders.workspace.seal.memory_files import memory_file, read_memory_file

__all__ = ["Exit", "OutsideError", "Requests"]

_ANSWER_BYTES = 4096
_ENDINGS = frozenset(get_args(EndedBy))


class OutsideError(PermissionError):
    """A path leads out of the workspace."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command ended, as the supervisor saw it."""

    code: int
    ended_by: EndedBy | None


class Requests:
    """The connection to one supervisor.

    Args:
        control: The socket, which does not block. It stays the caller's to close.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._waiting: dict[int, asyncio.Future[list[str]]] = {}
        self._last = 0
        self.is_open = True
        asyncio.get_running_loop().add_reader(control.fileno(), self._read)

    def close(self) -> None:
        """End the connection; who waits for an answer gets `SealError`."""
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(broken())
            self._waiting.clear()

    def begin_command(
        self, argv: Sequence[str], env: dict[str, str], output: tuple[int, int]
    ) -> tuple[int, asyncio.Future[list[str]]]:
        """Start a command with these descriptors as its output: its number, and what will be said of its end."""
        return self._send("run", (list(argv), env), output)

    def kill_command(self, number: int) -> None:
        """Kill a command with its session; its end is told as usual."""
        if self.is_open:
            _, waiting = self._send("kill", number, ())
            waiting.cancel()

    async def file_operation(self, verb: str, *arguments: Any) -> bytes:
        """Have files touched: `read`, `write`, `stat`, `list`, `make`, `remove` or `real`.

        Raises:
            OutsideError: The path leads out of the workspace.
            OSError: As the operating system says.
            SealError: The supervisor is gone.
        """
        answer = memory_file("answer")
        try:
            _, waiting = self._send(verb, arguments, (answer,))
            words = await waiting
            path = str(arguments[0])
            if words[0] == "outside":
                raise OutsideError(errno.EPERM, "it lies outside of the workspace", path)
            if words[0] == "error":
                number = int(words[1])
                raise OSError(number, os.strerror(number), path)
            return read_memory_file(answer, int(words[1]))
        finally:
            os.close(answer)

    def _send(self, verb: str, arguments: Any, descriptors: Sequence[int]) -> tuple[int, asyncio.Future[list[str]]]:
        if not self.is_open:
            raise broken()
        self._last += 1
        number = self._last
        waiting: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        body = memory_file("request", marshal.dumps(arguments))
        try:
            socket.send_fds(self._control, [marshal.dumps((number, verb))], [body, *descriptors])
        except OSError as error:
            raise broken() from error
        finally:
            close_all(body)
        self._waiting[number] = waiting
        return number, waiting

    def _read(self) -> None:
        try:
            answer = self._control.recv(_ANSWER_BYTES)
        except BlockingIOError:
            return
        except OSError:
            answer = b""
        if not answer:
            self.close()
            return
        number, *words = answer.decode("utf-8", "replace").split(" ")
        waiting = self._waiting.pop(int(number), None) if number.isdecimal() else None
        if waiting is not None and not waiting.done():
            if _is_well_formed(words):
                waiting.set_result(words)
            else:
                waiting.set_exception(broken())


def read_exit(words: list[str]) -> Exit:
    """What was said of a command's end.

    Raises:
        SealError: It could not be started, or its workspace was deleted.
    """
    if words[0] == "error":
        number = int(words[1])
        raise SealError(f"The command could not be started in its seal: {os.strerror(number)}.")
    if words[2] == "gone":
        raise SealError("The workspace was deleted while the command ran.", cause="the workspace is gone")
    return Exit(int(words[1]), cast("EndedBy", words[2]) if words[2] in _ENDINGS else None)


def broken() -> SealError:
    """The error for a supervisor that is gone."""
    return SealError(
        "The seal broke while it was used: its first process was ended, most likely because memory ran out. "
        "All of its processes are gone; the next command gets a new one.",
        cause="the seal's first process is gone",
    )


def _is_well_formed(words: list[str]) -> bool:
    match words:
        case ["outside"]:
            return True
        case ["ok", size]:
            return size.isdecimal()
        case ["error", number, *_]:
            return number.isdecimal()
        case ["exit", code, _]:
            return code.isdecimal()
        case _:
            return False
