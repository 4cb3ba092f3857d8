"""Where growing Markdown may be cut: everything before the cut is finished and never drawn differently later."""

from __future__ import annotations

import re

__all__ = ["split_finished"]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_GOES_ON = re.compile(r"\s|[-*+>|]|\d{1,9}[.)]")
"""A line that may belong to the block before the blank line: indented, a list item, a quote, a table's row."""


def split_finished(text: str) -> tuple[str, str]:
    """Split Markdown into finished blocks and the rest that may still change.

    A block is finished when a blank line has ended it outside of a fence and the next line, whole or not, begins
    something new. The two parts together are the text.
    """
    cut = 0
    position = 0
    fence: str | None = None
    blank_before = False
    for line in text.splitlines(keepends=True):
        if fence is None and blank_before and line.strip() and not _GOES_ON.match(line):
            cut = position
        fence = _fence_after(line, fence)
        blank_before = fence is None and not line.strip()
        position += len(line)
    return text[:cut], text[cut:]


def _fence_after(line: str, fence: str | None) -> str | None:
    """The fence that is open after the line; a fence is closed by its own character, at least as long, alone."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    mark = match[1]
    if fence is None:
        return mark
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not line[match.end() :].strip()
    return None if closes else fence
