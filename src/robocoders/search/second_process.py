"""A second process for a big index: analysis is work for one core, and machines have more.

The second process reads batches of files from its standard input and answers each on its standard output; it ends when
its input does, so it never outlives the process that started it, however that ends. Without it, or when it fails, the
first process does all the work itself.
"""

from __future__ import annotations

import logging
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, Self, TypeVar

import msgspec

import robocoders
from robocoders.search.analysis import Piece, analyse

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Analysable", "SecondProcess", "analysed", "serve"]

logger = logging.getLogger("robocoders.search")

FEWEST_FILES = 400
"""For fewer files the start of a process costs more than it saves."""

_BATCH_CHARACTERS = 1_000_000
_LENGTH = struct.Struct("<Q")

_Batch = list[tuple[bytes, str]]
_batches = msgspec.msgpack.Decoder(_Batch)
_answers = msgspec.msgpack.Decoder(list[list[Piece]])


class Analysable(Protocol):
    """A file that was read."""

    @property
    def path(self) -> str:
        """From the workspace's root."""
        ...

    @property
    def text(self) -> str:
        """All of it."""
        ...


_File = TypeVar("_File", bound=Analysable)


def analysed(files: Iterable[_File], *, count: int) -> Iterator[tuple[_File, list[Piece]]]:
    """Each file with its pieces, in any order.

    Args:
        files: The files; taken one by one, so that they need not be in memory all at once.
        count: About how many they are.
    """
    with SecondProcess() as second:
        if count >= FEWEST_FILES and (os.cpu_count() or 1) > 1:
            second.start()
        away: list[_File] = []
        size = 0
        for file in files:
            if second.runs and not second.is_busy:
                away.append(file)
                size += len(file.text)
                if size >= _BATCH_CHARACTERS:
                    second.submit([(os.fsencode(one.path), one.text) for one in away])
                continue
            yield file, analyse(file.path, file.text)
            if not second.runs or second.has_answered():
                yield from _answered(second, away)
                away, size = [], 0
        yield from _answered(second, away)


def _answered(second: SecondProcess, away: list[_File]) -> Iterator[tuple[_File, list[Piece]]]:
    pieces = second.collect()
    if pieces is None:
        for file in away:
            yield file, analyse(file.path, file.text)
    else:
        yield from zip(away, pieces, strict=True)


class SecondProcess:
    """Analyses one batch of files at a time. A context manager that ends the process.

    Attributes:
        runs: Whether there is a process to give work to.
        is_busy: Whether it has a batch that was not collected.
    """

    def __init__(self) -> None:
        self.runs = False
        self.is_busy = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; where that fails it is logged, and there is none."""
        # Its environment holds none of the keys that ours may hold, and it finds modules where these two were found:
        # not in the current directory or whatever else is on our path, since that may be the workspace.
        found = dict.fromkeys(str(Path(file).parents[1]) for file in (robocoders.__file__, msgspec.__file__))
        environment = {"PYTHONPATH": os.pathsep.join(found)}
        command = [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very package
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
            )
        except OSError as error:
            logger.debug("No second process for the index: %s", type(error).__name__)
            return
        self.runs = True

    def submit(self, batch: _Batch) -> None:
        """Hand a batch over; only when it is not busy."""
        assert self._process is not None
        assert self._process.stdin is not None
        self.is_busy = True
        try:
            _write(self._process.stdin, msgspec.msgpack.encode(batch))
        except OSError:
            self._give_up()

    def has_answered(self) -> bool:
        """Whether `collect` would not wait long."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self.is_busy and bool(select.select([self._process.stdout], [], [], 0)[0])

    def collect(self) -> list[list[Piece]] | None:
        """The pieces of the batch, file by file; None where there was none, or it was lost with the process."""
        if not self.is_busy:
            return None
        self.is_busy = False
        answer = None
        if self.runs and self._process is not None and self._process.stdout is not None:
            answer = _read(self._process.stdout)
        if answer is None:
            self._give_up()
            return None
        return _answers.decode(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                self._process.__exit__(kind, error, traceback)

    def _give_up(self) -> None:
        if self.runs:
            logger.debug("The index goes on without its second process.")
        self.runs = False


def serve() -> None:
    """Answer batches until the input ends: what the second process does."""
    while (batch := _read(sys.stdin.buffer)) is not None:
        answer = [analyse(os.fsdecode(path), text) for path, text in _batches.decode(batch)]
        _write(sys.stdout.buffer, msgspec.msgpack.encode(answer))


def _write(stream: IO[bytes], body: bytes) -> None:
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
