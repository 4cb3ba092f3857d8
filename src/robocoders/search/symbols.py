"""Definitions and calls in source text: by a parser where there is a grammar, else by how lines begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robocoders.search.blocks import find_blocks
from robocoders.search.outline import Call, Outline, Symbol
from robocoders.search.sections import find_sections
from robocoders.search.structure import has_grammar, read_structure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Call", "Outline", "Symbol", "find_calls", "find_symbols", "outline_of"]


def find_symbols(language: str | None, text: str) -> Sequence[Symbol]:
    """The definitions in a file, in the order in which they begin.

    Args:
        language: As `language_of` names it.
        text: The whole file.
    """
    return outline_of(language, text).symbols


def find_calls(language: str | None, text: str) -> Sequence[Call]:
    """The calls in a file, in the order of their lines; none where there is no grammar for the language."""
    return outline_of(language, text).calls


def outline_of(language: str | None, text: str) -> Outline:
    """The definitions and the calls of a file, which is read once."""
    if language is None:
        return Outline()
    if has_grammar(language):
        return read_structure(language, text)
    lines = text.split("\n")
    return Outline(tuple(find_sections(lines, language) or find_blocks(lines, language)))
