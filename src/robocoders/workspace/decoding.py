"""From a file's bytes to text."""

from __future__ import annotations

import codecs

__all__ = ["decode", "is_binary"]

_SNIFFED_BYTES = 8192

_MARKS: tuple[tuple[bytes, str], ...] = (
    # UTF-32's mark begins with UTF-16's, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_binary(data: bytes) -> bool:
    """Whether these bytes are no text: a NUL near the beginning, as git decides it, and no Unicode mark."""
    return b"\0" in data[:_SNIFFED_BYTES] and _encoding(data) is None


def decode(data: bytes) -> str:
    """Text with LF line ends.

    The encoding is that of the Unicode mark at the beginning, else UTF-8; what does not fit becomes U+FFFD.
    """
    text = data.decode(_encoding(data) or "utf-8", "replace")
    return text.replace("\r\n", "\n")


def _encoding(data: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
