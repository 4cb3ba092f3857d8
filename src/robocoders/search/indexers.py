"""Processes that analyse files for a big index: analysis is work for one core, and machines have more.

Each reads batches of files from its standard input and answers them on its standard output; it ends when its input
does, so it never outlives the process that started it, however that ends. Without them, or when they fail, the first
process does all the work itself.
"""

from __future__ import annotations

import logging
import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import msgspec

import robocoders
from robocoders.search.digesting import FileDigest, digest_file
from robocoders.search.postings import Postings

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["FEWEST_CHARACTERS", "Digestible", "Indexers", "digested", "serve"]

logger = logging.getLogger("robocoders.search")

FEWEST_CHARACTERS = 3_000_000
"""For less text the start of processes costs more than it saves."""
_MOST_PROCESSES = 2
_BATCH_CHARACTERS = 1_000_000
_LENGTH = struct.Struct("<Q")
_BatchOnWire = list[tuple[bytes, str, int]]


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    files: list[FileDigest]
    words: dict[str, bytes]


_batches = msgspec.msgpack.Decoder(_BatchOnWire)
_answers = msgspec.msgpack.Decoder(_Answer)


class Digestible(Protocol):
    """A file that was read."""

    @property
    def path(self) -> str:
        """From the workspace's root."""
        ...

    @property
    def text(self) -> str:
        """All of it."""
        ...

    @property
    def first_piece(self) -> int:
        """The number for its first piece."""
        ...


_File = TypeVar("_File", bound=Digestible)


def digested(files: Iterable[_File], postings: Postings, *, characters: int) -> Iterator[tuple[_File, FileDigest]]:
    """Each file with what the index keeps of it, in any order; its words are in `postings` by then.

    Args:
        files: The files; taken one by one, so that they need not be in memory all at once.
        postings: Where words are entered.
        characters: About how much text they have.
    """
    with Indexers[_File](postings) as indexers:
        if characters >= FEWEST_CHARACTERS:
            indexers.start(min(os.cpu_count() or 1, _MOST_PROCESSES))
        batch: list[_File] = []
        size = 0
        for file in files:
            if not indexers.run:
                yield from indexers.digest([*batch, file])
                batch, size = [], 0
                continue
            batch.append(file)
            size += len(file.text)
            if size >= _BATCH_CHARACTERS:
                yield from indexers.exchange(batch)
                batch, size = [], 0
        yield from indexers.digest(batch)
        yield from indexers.rest()


class Indexers(Generic[_File]):
    """Some processes, each with a batch that it works on and one that waits. A context manager that ends them.

    Args:
        postings: Where words are entered.

    Attributes:
        run: How many processes there are to give work to.
    """

    def __init__(self, postings: Postings) -> None:
        self.run = 0
        self._postings = postings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[Thread] = []
        self._given: SimpleQueue[list[_File] | None] = SimpleQueue()
        self._answered: SimpleQueue[tuple[list[_File], bytes | None]] = SimpleQueue()
        self._out = 0

    def start(self, count: int) -> None:
        """Start so many processes; where that fails it is logged, and there are fewer."""
        for _ in range(count if count > 1 else 0):
            try:
                process = _new_process()
            except OSError as error:
                logger.debug("No process for the index: %s", type(error).__name__)
                return
            self._processes.append(process)
            thread = Thread(target=self._attend, args=(process,), daemon=True)
            self._threads.append(thread)
            thread.start()
            self.run += 1

    def digest(self, files: Sequence[_File]) -> Iterator[tuple[_File, FileDigest]]:
        """Do the work here."""
        for file in files:
            yield file, digest_file(file.path, file.text, file.first_piece, self._postings)

    def exchange(self, batch: list[_File]) -> Iterator[tuple[_File, FileDigest]]:
        """Hand a batch over, and give what was answered meanwhile; waits while too many batches are under way."""
        self._given.put(batch)
        self._out += 1
        while self._out > 2 * self.run or not self._answered.empty():
            yield from self._take()

    def rest(self) -> Iterator[tuple[_File, FileDigest]]:
        """Wait for all that is under way."""
        while self._out:
            yield from self._take()

    def _take(self) -> Iterator[tuple[_File, FileDigest]]:
        if not self.run:
            # Nobody is left to take what was handed over.
            while self._out:
                batch = self._answered.get()[0] if not self._answered.empty() else self._given.get()
                self._out -= 1
                if batch is not None:
                    yield from self.digest(batch)
            return
        batch, answer = self._answered.get()
        self._out -= 1
        if answer is None:
            logger.debug("The index goes on with one process less.")
            self.run -= 1
            yield from self.digest(batch)
            return
        found = _answers.decode(answer)
        self._postings.add_packed(found.words)
        yield from zip(batch, found.files, strict=True)

    def _attend(self, process: subprocess.Popen[bytes]) -> None:
        """Hand batches to one process until there are no more, or it fails."""
        assert process.stdin is not None
        assert process.stdout is not None
        while (batch := self._given.get()) is not None:
            answer = None
            with suppress(OSError, ValueError):
                rows = [(os.fsencode(file.path), file.text, file.first_piece) for file in batch]
                _write(process.stdin, msgspec.msgpack.encode(rows))
                answer = _read(process.stdout)
            self._answered.put((batch, answer))
            if answer is None:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            with suppress(OSError):
                process.__exit__(kind, error, traceback)


def serve() -> None:
    """Answer batches until the input ends: what such a process does."""
    while (batch := _read(sys.stdin.buffer)) is not None:
        postings = Postings()
        files = [digest_file(os.fsdecode(path), text, first, postings) for path, text, first in _batches.decode(batch)]
        _write(sys.stdout.buffer, msgspec.msgpack.encode(_Answer(files, postings.packed())))


def _new_process() -> subprocess.Popen[bytes]:
    # Its environment holds none of the keys that ours may hold, and it finds modules where these two were found:
    # not in the current directory or whatever else is on our path, since that may be the workspace.
    found = dict.fromkeys(str(Path(file).parents[1]) for file in _found_modules())
    environment = {"PYTHONPATH": os.pathsep.join(found)}
    return subprocess.Popen(  # noqa: S603 - this very package
        [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
    )


def _found_modules() -> Iterator[str]:
    """Files of the packages that indexing needs, by which their folders are known."""
    yield robocoders.__file__
    yield msgspec.__file__
    grammars = find_spec("tree_sitter")
    if grammars is not None and grammars.origin is not None:
        yield grammars.origin


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
