"""Syntax trees, by tree-sitter. A grammar and its query are loaded when the first file needs them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

__all__ = ["MAX_PARSED_BYTES", "Match", "languages_with_grammar", "matches_of"]

MAX_PARSED_BYTES = 1 << 19
"""Of a larger file only the beginning is parsed."""

_MAX_PROGRESS_CALLS = 20_000
"""How often a parser may report progress before it is stopped: code takes some hundreds of reports, noise thousands."""

_GRAMMARS = {
    "Python": ("tree_sitter_python", "language", "python"),
    "JavaScript": ("tree_sitter_javascript", "language", "ecmascript javascript jsx"),
    "TypeScript": ("tree_sitter_typescript", "language_typescript", "ecmascript typescript"),
    "TSX": ("tree_sitter_typescript", "language_tsx", "ecmascript typescript jsx"),
    "Go": ("tree_sitter_go", "language", "go"),
    "Rust": ("tree_sitter_rust", "language", "rust"),
    "Java": ("tree_sitter_java", "language", "java"),
    "C": ("tree_sitter_c", "language", "c"),
    "C++": ("tree_sitter_cpp", "language", "c cpp"),
}
"""The module of each language's grammar, the function in it, and the files of its query."""

Match = tuple[int, "dict[str, list[Node]]"]
"""The number of a pattern in a query, and the nodes it caught by the names it gives them."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    language: Language
    query: Query


def languages_with_grammar() -> frozenset[str]:
    """The languages that can be parsed."""
    return frozenset(_GRAMMARS)


def matches_of(language: str, source: bytes) -> list[Match]:
    """What the language's query finds in a source.

    Args:
        language: One of `languages_with_grammar`.
        source: In UTF-8; what is not is taken for an error in the code, like any other.

    Returns:
        The matches, none where the source is so far from the language that parsing it would take too long.
    """
    from tree_sitter import Parser, QueryCursor  # noqa: PLC0415 - loaded when it is needed

    grammar = _grammar(language)
    window = memoryview(source)
    calls = 0

    def is_too_long(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - called by position
        nonlocal calls
        calls += 1
        return calls > _MAX_PROGRESS_CALLS

    try:
        tree = Parser(grammar.language).parse(lambda offset, _point: window[offset:], progress_callback=is_too_long)
    except ValueError:
        # It was stopped.
        return []
    return QueryCursor(grammar.query).matches(tree.root_node)


@cache
def _grammar(language: str) -> _Grammar:
    from tree_sitter import Language, Query  # noqa: PLC0415 - loaded when it is needed

    module, function, queries = _GRAMMARS[language]
    loaded = Language(getattr(importlib.import_module(module), function)())
    folder = files("robocoders.search") / "queries"
    text = "\n".join((folder / f"{name}.scm").read_text(encoding="utf-8") for name in queries.split())
    return _Grammar(loaded, Query(loaded, text))
