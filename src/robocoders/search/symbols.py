"""Definitions in source text, by regular expressions for each language.

It is a reader of well-formed, indented code, not a parser: it finds where functions, classes and headings begin, and by
their indentation where they end. A parser can take its place behind `find_symbols`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from robocoders.search.grammars import Grammar, grammar_of

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

__all__ = ["Symbol", "find_symbols"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition.

    Args:
        name: Its own name.
        qualified: With the names of what it lies in, separated by dots.
        first_line: Where it begins, from 1; the line that names it.
        last_line: Its last line.
        is_container: Whether its members are definitions in their own right (a class, a module, a heading).
        is_constant: Whether it only gives a name to a value.
        parent: The index of the innermost definition around it, None at the top.
    """

    name: str
    qualified: str
    first_line: int
    last_line: int
    is_container: bool
    is_constant: bool
    parent: int | None


@dataclass(slots=True)
class _Open:
    """A definition whose end is not known yet."""

    index: int
    indent: int


@dataclass(slots=True)
class _Draft:
    name: str
    qualified: str
    first_line: int
    last_line: int
    is_container: bool
    is_constant: bool
    parent: int | None


def find_symbols(lines: Sequence[str], language: str | None) -> list[Symbol]:
    """The definitions in a file, in the order in which they begin."""
    grammar = grammar_of(language)
    if grammar is None:
        return []
    drafts = _headings(lines, grammar) if grammar.levels else _blocks(lines, grammar)
    return [
        Symbol(
            draft.name,
            draft.qualified,
            draft.first_line,
            draft.last_line,
            draft.is_container,
            draft.is_constant,
            draft.parent,
        )
        for draft in drafts
    ]


def _blocks(lines: Sequence[str], grammar: Grammar) -> list[_Draft]:
    """Definitions that end where a line stands no deeper than the line that began them."""
    reader = _BlockReader(grammar)
    for number, line in enumerate(lines, start=1):
        stripped = line.lstrip()
        if stripped:
            reader.read(number, line, stripped)
    return reader.drafts


class _BlockReader:
    """Reads code line by line; knows which definitions are open."""

    def __init__(self, grammar: Grammar) -> None:
        self.drafts: list[_Draft] = []
        self._grammar = grammar
        self._stack: list[_Open] = []
        self._in_string = False

    def read(self, number: int, line: str, stripped: str) -> None:
        """Take the next line that is not blank; `stripped` is it without its indentation."""
        if self._is_inside_string(stripped):
            self._extend(number)
            return
        match = self._grammar.definition.match(line)
        name = _name(match, self._grammar)
        if name is None and stripped[0] in self._grammar.transparent:
            # A closing bracket, a comment, a preprocessor line: it ends nothing.
            if stripped[0] in ")]}":
                self._extend(number)
            return
        indent = len(line) - len(stripped)
        while self._stack and indent <= self._stack[-1].indent:
            self._stack.pop()
        self._extend(number)
        if name is not None and match is not None:
            opened = _Open(len(self.drafts), indent)
            _open(self.drafts, self._stack, opened, _draft(name, number, match, self._grammar))

    def _is_inside_string(self, stripped: str) -> bool:
        was_inside = self._in_string
        if self._grammar.has_long_strings and ('"""' in stripped or "'''" in stripped):
            self._in_string ^= (stripped.count('"""') + stripped.count("'''")) % 2 == 1
        return was_inside

    def _extend(self, number: int) -> None:
        for opened in self._stack:
            self.drafts[opened.index].last_line = number


def _headings(lines: Sequence[str], grammar: Grammar) -> list[_Draft]:
    """Sections: a heading ends those of its own level and below; `indent` is the level."""
    drafts: list[_Draft] = []
    stack: list[_Open] = []
    in_fence = False
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(("```", "~~~")):
            in_fence = not in_fence
        match = None if in_fence else grammar.definition.match(line)
        name = _name(match, grammar)
        if name is not None and match is not None:
            level = len(match.group("level"))
            while stack and level <= stack[-1].indent:
                stack.pop()
            _open(drafts, stack, _Open(len(drafts), level), _draft(name, number, match, grammar))
        for section in stack:
            drafts[section.index].last_line = number
    return drafts


def _draft(name: str, number: int, match: re.Match[str], grammar: Grammar) -> _Draft:
    is_container = grammar.levels or grammar.is_container(match)
    return _Draft(name, name, number, number, is_container, grammar.is_constant(match), None)


def _open(drafts: list[_Draft], stack: list[_Open], opened: _Open, draft: _Draft) -> None:
    if stack:
        draft.parent = stack[-1].index
        draft.qualified = f"{drafts[draft.parent].qualified}.{draft.name}"
    drafts.append(draft)
    stack.append(opened)


def _name(match: re.Match[str] | None, grammar: Grammar) -> str | None:
    if match is None:
        return None
    found = next((text for key, text in match.groupdict().items() if text and key.startswith("name")), None)
    return None if found is None or found in grammar.keywords else found.strip()
