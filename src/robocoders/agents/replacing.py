"""Exact replacement in a text, and what helps where the text to be replaced is not there, or is there twice. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["NotReplacedError", "Replaced", "replace_exactly"]

_MOST_PLACES_SHOWN = 10
_MOST_LINES_COMPARED = 20_000
_CANDIDATES = 20
_MOST_NEAR_LINES = 30
_NEAR_ENOUGH = 0.5


class NotReplacedError(Exception):
    """Nothing was replaced.

    Args:
        text: Why, and what helps.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text after a replacement.

    Args:
        text: The whole of it.
        lines: In which lines, counted from 1, something was replaced.
        difference: The change, as a unified diff without a heading.
    """

    text: str
    lines: tuple[int, ...]
    difference: str


def replace_exactly(text: str, old: str, new: str, *, every: bool = False) -> Replaced:
    r"""Replace `old`, which is there once, or wherever it is.

    In a text whose lines end with CRLF, `old` and `new` may have their lines end with LF.

    Raises:
        NotReplacedError: There is nothing to do, `old` is not there, or it is there more than once.
    """
    if not old:
        raise NotReplacedError("`old` is empty. Say which text to replace, or write the whole file with `write`.")
    if old == new:
        raise NotReplacedError("`old` and `new` are the same, so nothing would change.")
    if old not in text and "\r\n" in text and "\r" not in old:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    places = _places(text, old)
    if not places:
        raise NotReplacedError(_not_found(text, old))
    lines = _line_numbers(text, places)
    if len(places) > 1 and not every:
        shown = ", ".join(str(line) for line in lines[:_MOST_PLACES_SHOWN])
        more = f" and {len(lines) - _MOST_PLACES_SHOWN} more" if len(lines) > _MOST_PLACES_SHOWN else ""
        raise NotReplacedError(
            f"`old` is there {len(places)} times, beginning in the lines {shown}{more}. Add lines around it until it "
            "is there once, or set `every` to replace all of them. Nothing was changed."
        )
    changed = text.replace(old, new)
    return Replaced(changed, lines, _difference(text, changed))


def _places(text: str, old: str) -> list[int]:
    places: list[int] = []
    start = text.find(old)
    while start >= 0:
        places.append(start)
        start = text.find(old, start + len(old))
    return places


def _line_numbers(text: str, places: Sequence[int]) -> tuple[int, ...]:
    numbers: list[int] = []
    line, seen = 1, 0
    for place in places:
        line += text.count("\n", seen, place)
        seen = place
        numbers.append(line)
    return tuple(numbers)


def _difference(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")
    return "\n".join(list(lines)[2:])


def _not_found(text: str, old: str) -> str:
    said = "`old` is not in the file, character by character. Nothing was changed."
    lines, wanted = text.splitlines(), old.splitlines()
    near = _nearest(lines, wanted)
    if near is None:
        return f"{said} No lines of it come near; read the file again."
    start, only_space = near
    shown = "\n".join(
        f"{number}\t{line}"
        for number, line in enumerate(lines[start : start + len(wanted)][:_MOST_NEAR_LINES], start=start + 1)
    )
    cause = "They differ in white space only" if only_space else "The nearest lines"
    return f"{said} {cause} (number, tab, line):\n{shown}"


def _nearest(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, bool] | None:
    """Where the lines begin that come nearest to those wanted, and whether they differ in white space only."""
    stripped = ["".join(line.split()) for line in lines[:_MOST_LINES_COMPARED]]
    target = ["".join(line.split()) for line in wanted]
    count = len(target)
    starts = range(max(len(stripped) - count, 0) + 1) if stripped else range(0)
    for start in starts:
        if stripped[start : start + count] == target:
            return start, True
    # Windows that share most lines are compared letter by letter; of windows that share none, those with a like line.
    anchors = set(target) - {""}
    shared = {start: sum(line in anchors for line in stripped[start : start + count]) for start in starts}
    candidates = sorted(shared, key=lambda start: (-shared[start], start))[:_CANDIDATES]
    if candidates and not shared[candidates[0]]:
        candidates = _alike(stripped, target, starts)
    best, likeness = None, _NEAR_ENOUGH
    joined = "\n".join(target)
    for start in candidates:
        ratio = difflib.SequenceMatcher(None, "\n".join(stripped[start : start + count]), joined).ratio()
        if ratio > likeness:
            best, likeness = start, ratio
    return None if best is None else (best, False)


def _alike(stripped: Sequence[str], target: Sequence[str], starts: range) -> list[int]:
    """Windows in which the longest wanted line has one that is like it."""
    place = max(range(len(target)), key=lambda number: len(target[number]))
    by_text: dict[str, int] = {}
    for number in reversed(range(len(stripped))):
        by_text[stripped[number]] = number
    found = difflib.get_close_matches(target[place], list(by_text), n=_CANDIDATES, cutoff=_NEAR_ENOUGH)
    return sorted({min(max(by_text[line] - place, 0), starts[-1]) for line in found})
