"""The line of a piece that answers best, and a few lines around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from robocoders.search.words import TOKEN, token_stems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["best_line", "excerpt"]

EXCERPT_LINES = 7
MAX_LINE_CHARACTERS = 160
_DEFINITION_LEAD = 1.2
_NEAR_LINES = 4
"""What stands so near below the line that names a definition is shown with it."""
_LISTING = re.compile(r"\s*(?:__all__\b|import\b|from\s+\S+\s+import\b|#\s*include\b|export\s+\*|use\s+[\w:]+;)")
_LISTING_FACTOR = 0.3


def best_line(lines: Sequence[str], first: int, last: int, definition: int | None, weights: Mapping[str, float]) -> int:
    """The number of the line with the most weight of the question in it, the first of several; lines count from 1.

    Args:
        lines: The file's lines.
        first: Where the piece begins.
        last: Where it ends.
        definition: The line on which its definition begins, None where it is not in the piece.
        weights: The weight of each stem.
    """
    value = {number: _weight(lines[number - 1], weights) for number in range(first, min(last, len(lines)) + 1)}
    if definition is not None and definition in value:
        value[definition] *= _DEFINITION_LEAD
    best = max(value, key=lambda number: (value[number], -number), default=first)
    return definition if definition is not None and definition < best <= definition + _NEAR_LINES else best


def excerpt(lines: Sequence[str], line: int, first: int, last: int) -> str:
    """A few lines of a piece from the given one on, those before it where it stands near the end."""
    last = min(last, len(lines))
    begin = max(first, min(line, last - EXCERPT_LINES + 1))
    shown = [_shortened(text) for text in lines[begin - 1 : min(last, begin + EXCERPT_LINES - 1)]]
    while len(shown) > 1 and not shown[-1].strip():
        shown.pop()
    margin = min((len(text) - len(text.lstrip()) for text in shown if text.strip()), default=0)
    return "\n".join(text[margin:] for text in shown)


def _weight(line: str, weights: Mapping[str, float]) -> float:
    found = {stem for token in TOKEN.findall(line) for stem in token_stems(token)}
    weight = sum(weights.get(stem, 0.0) for stem in found)
    return weight * _LISTING_FACTOR if weight and _LISTING.match(line) else weight


def _shortened(line: str) -> str:
    line = line.rstrip().expandtabs(4)
    return line if len(line) <= MAX_LINE_CHARACTERS else f"{line[: MAX_LINE_CHARACTERS - 1]}…"
