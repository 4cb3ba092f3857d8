"""What code may call what a question calls by another word; the words themselves are in `synonyms.txt`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from robocoders.search.stemming import stem

__all__ = ["alternatives_of", "phrases"]

_SECTION = re.compile(r"^\[(?P<kind>\w+)(?: (?P<factor>[\d.]+))?\]$", re.MULTILINE)
_REMARK = re.compile(r"^#.*$", re.MULTILINE)


def alternatives_of(root: str) -> tuple[tuple[str, float], ...]:
    """The stems that may stand for a stem in code, each with a factor below 1."""
    return _alternatives().get(root, ())


@cache
def phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Several words that mean one thing, and the stems that code uses for it."""
    entries = (entry.partition(":") for kind, _, entry in _entries() if kind == "phrases")
    return {tuple(said.split()): tuple(stem(word) for word in meant.split()) for said, _, meant in entries}


@cache
def _alternatives() -> dict[str, tuple[tuple[str, float], ...]]:
    found: dict[str, dict[str, float]] = {}

    def stands_for(one: str, other: str, factor: float) -> None:
        if other != one:
            known = found.setdefault(one, {})
            known[other] = max(known.get(other, 0.0), factor)

    for kind, factor, entry in _entries():
        if kind == "circles":
            stems = [stem(word) for word in entry.split()]
            for one in stems:
                for other in stems:
                    stands_for(one, other, factor)
        elif kind == "arrows":
            said, _, meant = entry.partition(":")
            for word in meant.split():
                stands_for(stem(said.strip()), stem(word), factor)
    return {one: tuple(others.items()) for one, others in found.items()}


@cache
def _entries() -> tuple[tuple[str, float, str], ...]:
    """The kind of the section, its factor, and the entry."""
    text = _REMARK.sub("", files("robocoders.search").joinpath("synonyms.txt").read_text("utf-8"))
    _, *parts = _SECTION.split(text)
    sections = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return tuple(
        (kind, float(factor or 1), entry.strip())
        for kind, factor, body in sections
        for entry in body.split(";")
        if entry.strip()
    )
