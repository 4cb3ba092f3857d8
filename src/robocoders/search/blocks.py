"""Definitions in languages without a grammar, by how lines begin and how far they are indented."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from robocoders.search.outline import CONTAINERS, Symbol
from robocoders.search.summaries import first_paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["find_blocks"]

_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|async|override|open|sealed|data|partial|local|pub"
    r"|mutating|case|implicit|export|suspend|inline|virtual)\s+)*"
)
_BEGINNING = re.compile(
    rf"\s*{_MODIFIERS}(?P<kind>defp?|defmodule|class|module|namespace|func|function|fun|sub|interface|struct|enum|trait"
    r"|protocol|extension|object|actor|record)\s+(?:self\.)?(?:<[^>]*>\s*)?(?P<name>[\w.:?!-]+)"
)
_SHELL = re.compile(r"\s*(?:function\s+)?(?P<name>[\w:.-]+)\s*\(\)|\s*function\s+(?P<name_function>[\w:.-]+)")
_CSHARP = re.compile(
    rf"{_BEGINNING.pattern}|\s+(?!(?:return|new|throw|else|await|case|yield|using)\b){_MODIFIERS}"
    r"[\w<>\[\],.?]+\s+(?P<name_method>\w+)\s*(?:<[^()]*>)?\([^;]*$"
)
_SQL = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:unique\s+)?"
    r"(?:table|view|index|function|trigger|procedure|type)\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`]+)",
    re.IGNORECASE,
)
_BEGINNINGS = {
    **dict.fromkeys(("Ruby", "PHP", "Swift", "Scala", "Lua", "Perl", "Elixir", "Kotlin"), _BEGINNING),
    "C#": _CSHARP,
    "Shell": _SHELL,
    "SQL": _SQL,
}
_KINDS = {
    "defmodule": "module",
    "namespace": "module",
    "module": "module",
    "protocol": "interface",
    "extension": "impl",
    "object": "class",
    "actor": "class",
    "record": "class",
}
_COMMENTS = ("#", "//", "/*", "*", "@", "--", ";")
_MAX_LINE_CHARACTERS = 1000
"""A longer line defines nothing that a person wrote."""


def find_blocks(lines: Sequence[str], language: str) -> list[Symbol]:
    """Definitions, each as long as its lines stand deeper than the one that began it; none in an unknown language."""
    beginning = _BEGINNINGS.get(language)
    if beginning is None:
        return []
    reader = _Reader(beginning)
    for number, line in enumerate(lines, start=1):
        if stripped := line.strip():
            reader.read(number, line[:_MAX_LINE_CHARACTERS], stripped)
    return reader.symbols(lines)


class _Reader:
    """Reads code line by line; knows which definitions are open."""

    def __init__(self, beginning: re.Pattern[str]) -> None:
        self._beginning = beginning
        self._found: list[tuple[str, str, int, int | None]] = []
        self._ends: list[int] = []
        self._open: list[tuple[int, int]] = []

    def read(self, number: int, line: str, stripped: str) -> None:
        """Take the next line that is not blank; `stripped` is it without the blanks around it."""
        match = self._beginning.match(line)
        if match is None and stripped[0] in ")]}#/*-":
            # A closing bracket or a comment: it ends nothing.
            if stripped[0] in ")]}":
                self._extend(number)
            return
        indent = len(line) - len(line.lstrip())
        while self._open and indent <= self._open[-1][1]:
            self._open.pop()
        self._extend(number)
        if match is not None:
            names = match.groupdict()
            word = names.get("kind") or "function"
            kind = _KINDS.get(word, word if word in CONTAINERS else "function")
            name = next(text for key, text in names.items() if text and key.startswith("name"))
            self._found.append((name, kind, number, self._open[-1][0] if self._open else None))
            self._ends.append(number)
            self._open.append((len(self._ends) - 1, indent))

    def symbols(self, lines: Sequence[str]) -> list[Symbol]:
        """What was found, in a file of these lines."""
        symbols: list[Symbol] = []
        for (name, kind, line, parent), end in zip(self._found, self._ends, strict=True):
            around = symbols[parent] if parent is not None else None
            lead = line
            while lead > 1 and lines[lead - 2].lstrip().startswith(_COMMENTS):
                lead -= 1
            symbols.append(
                Symbol(
                    name,
                    f"{around.qualified}.{name}" if around is not None else name,
                    "method" if kind == "function" and around is not None and around.is_container else kind,
                    line,
                    end,
                    lead,
                    is_container=kind in CONTAINERS,
                    is_constant=False,
                    parent=parent,
                    owner="",
                    doc=first_paragraph("\n".join(lines[lead - 1 : line - 1])),
                )
            )
        return symbols

    def _extend(self, number: int) -> None:
        for index, _ in self._open:
            self._ends[index] = number
