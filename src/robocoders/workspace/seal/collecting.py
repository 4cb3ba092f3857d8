"""The output of one command, read while it comes, up to a limit."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable

__all__ = ["Drain", "Output"]

_CHUNK_BYTES = 1 << 16
_DRAIN_SECONDS = 0.05


class Output:
    """Two pipes, standard output and standard error, whose reading ends are read in the event loop.

    Args:
        limit_bytes: How much both may give together.
        show: Called with each piece of text as it comes, of either pipe.
        exceed: Called once when there is more than the limit.
    """

    def __init__(self, limit_bytes: int, show: Callable[[str], None], exceed: Callable[[], None]) -> None:
        self._left = limit_bytes
        self._show = show
        self._exceed = exceed
        self._content = (bytearray(), bytearray())
        # Both ends of a chunk may cut a character; what is shown is decoded with a memory of its own.
        self._decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in range(2)]
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(2)]
        self._readers = [reader for reader, _ in pipes]
        self.writers = (pipes[0][1], pipes[1][1])
        self._open = {0, 1}
        self.ended = asyncio.Event()
        """Set when both pipes are at their end."""
        for place, reader in enumerate(self._readers):
            os.set_blocking(reader, False)
            asyncio.get_running_loop().add_reader(reader, self._read, place)

    def close_writers(self) -> None:
        """Close our copies of the writing ends, once the command has its own."""
        for writer in self.writers:
            os.close(writer)

    def text(self) -> tuple[str, str]:
        """Standard output and standard error so far; bytes that are no UTF-8 are U+FFFD."""
        return self._content[0].decode("utf-8", "replace"), self._content[1].decode("utf-8", "replace")

    def finish(self) -> Drain | None:
        """Take what is in the pipes now and stop; what reads on where somebody still holds them open."""
        for place in list(self._open):
            while place in self._open and self._read(place):
                pass
        left = [self._readers[place] for place in self._open]
        for reader in left:
            asyncio.get_running_loop().remove_reader(reader)
        self._open.clear()
        return Drain(left) if left else None

    def _read(self, place: int) -> bool:
        """Read one chunk; whether there was one."""
        try:
            chunk = os.read(self._readers[place], _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self._open.discard(place)
            asyncio.get_running_loop().remove_reader(self._readers[place])
            os.close(self._readers[place])
            if not self._open:
                self.ended.set()
        kept = chunk[: max(self._left, 0)]
        exceeds = len(chunk) > self._left >= 0
        self._left -= len(chunk)
        self._content[place].extend(kept)
        text = self._decoders[place].decode(kept, final=not chunk)
        if text:
            self._show(text)
        if exceeds:
            self._exceed()
        return bool(chunk)


class Drain:
    """Reads on from pipes that a background process holds open, and drops what comes.

    Were they closed, its next word would kill it; were they left alone, it would stop when they are full. At most
    64 KiB are taken in 50 ms, so that nobody keeps the server busy by talking.

    Args:
        readers: Reading ends that do not block.
    """

    def __init__(self, readers: list[int]) -> None:
        self._readers = set(readers)
        self._timers: dict[int, asyncio.TimerHandle] = {}
        for reader in readers:
            self._wait(reader)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for reader in self._readers:
            asyncio.get_running_loop().remove_reader(reader)
            os.close(reader)
        self._readers.clear()

    def _wait(self, reader: int) -> None:
        self._timers.pop(reader, None)
        asyncio.get_running_loop().add_reader(reader, self._drop, reader)

    def _drop(self, reader: int) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(reader)
        try:
            chunk = os.read(reader, _CHUNK_BYTES)
        except BlockingIOError:
            chunk = b"."
        if chunk:
            self._timers[reader] = loop.call_later(_DRAIN_SECONDS, self._wait, reader)
        else:
            self._readers.discard(reader)
            os.close(reader)
