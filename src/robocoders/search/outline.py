"""What a file defines and calls, whatever read it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTAINERS", "Call", "Outline", "Symbol"]

CONTAINERS = frozenset({"class", "struct", "interface", "enum", "trait", "impl", "module", "heading", "section"})
"""Kinds whose members are definitions in their own right."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition.

    Args:
        name: Its own name.
        qualified: With the names of what it lies in or belongs to, separated by dots.
        kind: `function`, `method`, `class`, `struct` (also a union), `interface`, `enum`, `trait`, `impl`, `type`
            (another name for a type), `module` (also a namespace), `macro`, `constant` (also a variable), `heading`,
            or `section` (of a configuration file).
        first_line: The line that names it, from 1.
        last_line: Its last line.
        lead_line: Where its leading comment, its decorators or its return type begin; else its first line.
        is_container: Whether its members are definitions in their own right (a class, a module, a heading).
        is_constant: Whether it only gives a name to a value.
        parent: The index of the innermost definition around it, None at the top.
        owner: The name of what it says it belongs to without lying in it (a receiver, `Pool::drain`); else empty.
        doc: The first paragraph of its documentation string or of the comment above it, on one line; else empty.
    """

    name: str
    qualified: str
    kind: str
    first_line: int
    last_line: int
    lead_line: int
    is_container: bool
    is_constant: bool
    parent: int | None
    owner: str
    doc: str


@dataclass(frozen=True, slots=True)
class Call:
    """A place where something is called, made or expanded: the last part of its name, and the line, from 1."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The definitions of a file, in the order in which they begin, and its calls, in the order of their lines."""

    symbols: tuple[Symbol, ...] = ()
    calls: tuple[Call, ...] = ()
