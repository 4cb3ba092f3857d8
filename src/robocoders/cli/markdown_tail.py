"""The end of growing Markdown, for a screen that has no room for all of it."""

from __future__ import annotations

import re

__all__ = ["markdown_tail"]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def markdown_tail(text: str, most_characters: int) -> str:
    """The last whole lines of Markdown, at most so many characters; a single long line is cut in its middle.

    Where the cut lies inside of a fence, the fence's first line stands before it (and is not counted), so that code
    stays code.
    """
    cut = max(len(text) - most_characters, 0)
    if cut and text[cut - 1] != "\n":
        line_end = text.find("\n", cut)
        cut = cut if line_end < 0 else line_end + 1
    return _open_fence(text[:cut]) + text[cut:]


def _open_fence(text: str) -> str:
    """The first line of the fence that is open at the text's end; empty where none is.

    A fence is closed by its own character, at least as long, alone on its line.
    """
    opening, mark = "", ""
    for line in text.splitlines(keepends=True):
        match = _FENCE.match(line)
        if match is None:
            continue
        if not mark:
            opening, mark = line, match[1]
        elif match[1].startswith(mark) and not line[match.end() :].strip():
            opening = mark = ""
    return opening if opening.endswith("\n") else ""
