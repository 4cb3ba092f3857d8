"""Newline-delimited JSON, byte by byte.

Lines end with LF and nothing else: U+2028, U+0085 and a lone CR inside a string are data. One CR before the LF is
stripped, blank lines are heartbeats and skipped, and a last line needs no LF if it is a whole JSON value. One JSON
object printed over several lines, as an answer of one event may be (protocol fact), counts as one line.
"""

from __future__ import annotations

import re

from robocoders.errors import LineTooLongError, TruncatedLineError
from robocoders.wire.lenient_json import read_json

__all__ = ["NdjsonDecoder", "encode_line"]

_LF = b"\n"
_BLANK = b" \t\r"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]|"')
"""Strings, brackets, and a quote that opens a string which does not end on its line."""


def encode_line(body: bytes) -> bytes:
    """Return one encoded event with its line end.

    Raises:
        ValueError: `body` holds a line feed, which would make two lines of it.
    """
    if _LF in body:
        raise ValueError("an encoded event holds no line feed")
    return body + _LF


class NdjsonDecoder:
    """Cuts a byte stream into lines; any chunking of the same bytes gives the same lines.

    Args:
        max_line_bytes: Longest line taken, without its line end; None for no cap.
    """

    def __init__(self, max_line_bytes: int | None = None) -> None:
        if max_line_bytes is not None and max_line_bytes < 1:
            raise ValueError("max_line_bytes is at least 1, or None for no cap")
        self._max_line_bytes = max_line_bytes
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._begun = False
        self._document: _Document | None = None
        self._failure: LineTooLongError | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the lines they complete, without line ends and blank lines.

        Raises:
            LineTooLongError: A line is longer than the cap. Lines before it are returned first; then this and every
                later call raises.
        """
        if self._failure is not None:
            raise self._failure
        found: list[bytes] = []
        try:
            self._split(chunk, found)
        except LineTooLongError as error:
            self._failure = error
            self._drain()
            if not found:
                raise
        return found

    def _split(self, chunk: bytes, found: list[bytes]) -> None:
        if _LF not in chunk:
            self._keep(chunk)
            return
        head, *middle, tail = chunk.split(_LF)
        self._keep(head)
        self._take(self._drain(), found)
        for line in middle:
            self._check(len(line))
            self._take(line, found)
        self._keep(tail)

    def close(self) -> list[bytes]:
        """Tell that the bytes are over and return what is left: at most one line that had no line end.

        Raises:
            TruncatedLineError: What is left is no whole JSON value: the stream was cut in the middle of a line.
            LineTooLongError: A line is longer than the cap.
        """
        if self._failure is not None:
            raise self._failure
        tail = self._drain()
        document, self._document = self._document, None
        if document is not None:
            lines = document.close(tail)
            if lines is None:
                raise TruncatedLineError("the stream ended inside of an event; what came before it is whole")
            return lines
        if not tail.strip(_BLANK):
            return []
        tail = tail.removesuffix(b"\r")
        self._check_line(tail)
        if not _is_json(tail):
            raise TruncatedLineError("the last line of the stream is cut off; what came before it is whole")
        return [tail]

    def _keep(self, part: bytes) -> None:
        if part:
            self._check(self._pending_bytes + len(part))
            self._pending.append(part)
            self._pending_bytes += len(part)

    def _drain(self) -> bytes:
        line = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return line

    def _check(self, size: int) -> None:
        held = self._document.size if self._document is not None else 0
        # The CR of a CRLF is no part of the line; it is known for one only when the LF has come.
        if self._max_line_bytes is not None and size + held > self._max_line_bytes + 1:
            raise self._too_long()

    def _check_line(self, line: bytes) -> None:
        if self._max_line_bytes is not None and len(line) > self._max_line_bytes:
            raise self._too_long()

    def _too_long(self) -> LineTooLongError:
        return LineTooLongError(
            f"a line of the stream is longer than {self._max_line_bytes} bytes; raise max_line_bytes to read it"
        )

    def _take(self, line: bytes, found: list[bytes]) -> None:
        if self._document is not None:
            lines = self._document.take(line)
            if lines is None:
                return
            self._document = None
            found.extend(lines)
            return
        if not line.strip(_BLANK):
            return
        line = line.removesuffix(b"\r")
        self._check_line(line)
        if not self._begun:
            self._begun = True
            self._document = _Document.begun_by(line)
            if self._document is not None:
                return
        found.append(line)


class _Document:
    """One JSON object printed over several lines, gathered until its brackets are balanced."""

    def __init__(self) -> None:
        self.size = 0
        self._lines: list[bytes] = []
        self._open: list[int] = []

    @classmethod
    def begun_by(cls, line: bytes) -> _Document | None:
        """Return a document if `line` is the first of one: an object that is opened, not closed, and not cut."""
        text = line.strip(_BLANK)
        if not text.startswith(b"{") or text.endswith(b"}"):
            return None
        document = cls()
        return document if document._reads(line) and document._open else None

    def take(self, line: bytes) -> list[bytes] | None:
        """Return None to read on, the joined document when it is whole, or all lines apart when it is none."""
        text = line.strip(_BLANK)
        if not text:
            return None
        starts_anew = text[:1] == b"{" and self._open[-1:] == [ord("{")] and not self._awaits_value()
        if starts_anew:
            return [*self._lines, line.removesuffix(b"\r")]
        if not self._reads(line):
            return self._lines
        return None if self._open else self._joined()

    def close(self, tail: bytes) -> list[bytes] | None:
        """Return what is there when the bytes are over, or None if it was cut off."""
        return self.take(tail) if tail.strip(_BLANK) else None

    def _awaits_value(self) -> bool:
        return self._lines[-1].rstrip(_BLANK).endswith(b":")

    def _joined(self) -> list[bytes]:
        joined = b" ".join(part.strip(_BLANK) for part in self._lines)
        return [joined] if _is_json(joined) else self._lines

    def _reads(self, line: bytes) -> bool:
        """Take a line and tell whether it can belong to the document."""
        self._lines.append(line.removesuffix(b"\r"))
        self.size += len(line)
        for token in _TOKEN.finditer(line):
            text = token.group()
            if text in (b"{", b"["):
                self._open.append(text[0])
            elif text in (b"}", b"]"):
                # In ASCII a closing brace or bracket comes two after the one that opens.
                if not self._open or self._open.pop() != text[0] - 2:
                    return False
            elif text == b'"':
                return False
        return True


def _is_json(line: bytes) -> bool:
    try:
        read_json(line)
    except ValueError:
        return False
    return True
