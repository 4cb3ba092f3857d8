"""Headings of documents and sections of configuration files, by how their lines begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from robocoders.search.outline import Symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["find_sections"]

_BEGINNINGS = {
    "Markdown": re.compile(r"(?P<level>#{1,6})\s+(?P<name>.+?)\s*#*$"),
    "TOML": re.compile(r"(?P<level>\[)\[?(?P<name>[^\[\]]+)\]"),
    "INI": re.compile(r"(?P<level>\[)(?P<name>[^\[\]]+)\]"),
    "YAML": re.compile(r"(?P<level>)(?P<name>[A-Za-z_][\w.-]*):"),
    "Makefile": re.compile(r"(?P<level>)(?P<name>[A-Za-z_][\w./-]*)\s*:(?!=)"),
}
"""In each, `level` is as long as the section is deep."""
_FENCES = ("```", "~~~")


def find_sections(lines: Sequence[str], language: str) -> list[Symbol]:
    """The headings or sections of a file; one ends where the next of its own level or above begins."""
    beginning = _BEGINNINGS.get(language)
    if beginning is None:
        return []
    found: list[tuple[int, int, str]] = []
    in_fence = False
    for number, line in enumerate(lines, start=1):
        if language == "Markdown" and line.lstrip().startswith(_FENCES):
            in_fence = not in_fence
        elif not in_fence and (match := beginning.match(line)) is not None:
            found.append((len(match["level"]), number, match["name"].strip()))
    return _nested(found, len(lines), "heading" if language == "Markdown" else "section")


def _nested(found: Sequence[tuple[int, int, str]], last_line: int, kind: str) -> list[Symbol]:
    ends = [last_line] * len(found)
    parents: list[int | None] = []
    open_sections: list[int] = []
    for index, (level, line, _) in enumerate(found):
        while open_sections and level <= found[open_sections[-1]][0]:
            ends[open_sections.pop()] = line - 1
        parents.append(open_sections[-1] if open_sections else None)
        open_sections.append(index)
    symbols: list[Symbol] = []
    for (_, line, name), end, parent in zip(found, ends, parents, strict=True):
        qualified = name if parent is None else f"{symbols[parent].qualified}.{name}"
        symbols.append(
            Symbol(
                name,
                qualified,
                kind,
                line,
                end,
                line,
                is_container=True,
                is_constant=False,
                parent=parent,
                owner="",
                doc="",
            )
        )
    return symbols
