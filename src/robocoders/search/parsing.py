"""Syntax trees, by tree-sitter. A grammar and its query are loaded when the first file needs them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from time import thread_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

__all__ = ["MAX_PARSED_BYTES", "Match", "languages_with_grammar", "matches_of"]

MAX_PARSED_BYTES = 1 << 18
"""Of a larger file only the beginning is parsed."""

_MAX_PARSE_SECONDS = 2.0
"""The processor's time after which a parser is stopped: code of the largest size takes a tenth, noise has no end."""

_MAX_OPEN_BRACKETS = 4000
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b"<", b">"))
_SLICE_BYTES = 4096
"""More brackets that are open at once, counted at the ends of slices, are noise: when a parser gives up on them, it
takes the square of their number in steps, and cannot be stopped.
"""

_MAX_NAMELESS_RUN = 4000
"""More nameless nodes in a row are noise: a query takes the square of their number in steps."""

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

_MAX_DEPTH = 500
"""Deeper definitions and calls are not seen: each level of nesting slows a query down below it."""


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

    if _has_too_many_open_brackets(source):
        return []
    grammar = _grammar(language)
    window = memoryview(source)
    end = thread_time() + _MAX_PARSE_SECONDS

    def is_too_long(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - called by position
        return thread_time() > end

    try:
        tree = Parser(grammar.language).parse(lambda offset, _point: window[offset:], progress_callback=is_too_long)
    except ValueError:
        # It was stopped.
        return []
    if tree.root_node.has_error and _is_noise(tree.root_node):
        return []
    cursor = QueryCursor(grammar.query)
    cursor.set_max_start_depth(_MAX_DEPTH)
    return cursor.matches(tree.root_node)


def _has_too_many_open_brackets(source: bytes) -> bool:
    for opening, closing in _BRACKETS:
        if source.count(opening) <= _MAX_OPEN_BRACKETS:
            continue
        balance = 0
        for start in range(0, len(source), _SLICE_BYTES):
            end = start + _SLICE_BYTES
            balance = max(0, balance + source.count(opening, start, end) - source.count(closing, start, end))
            if balance > _MAX_OPEN_BRACKETS:
                return True
    return False


def _is_noise(root: Node) -> bool:
    """Whether what could not be parsed holds more nameless nodes in a row than a query can bear."""
    waiting = [root]
    while waiting:
        children = waiting.pop().children
        if len(children) > _MAX_NAMELESS_RUN:
            run = 0
            for child in children:
                run = 0 if child.is_named else run + 1
                if run > _MAX_NAMELESS_RUN:
                    return True
        waiting.extend(child for child in children if child.has_error)
    return False


@cache
def _grammar(language: str) -> _Grammar:
    from tree_sitter import Language, Query  # noqa: PLC0415 - loaded when it is needed

    module, function, queries = _GRAMMARS[language]
    pointer: object = getattr(importlib.import_module(module), function)()
    loaded = Language(pointer)
    folder = files("robocoders.search") / "queries"
    text = "\n".join((folder / f"{name}.scm").read_text(encoding="utf-8") for name in queries.split())
    return _Grammar(loaded, Query(loaded, text))
