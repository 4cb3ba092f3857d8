"""Definitions and calls out of a syntax tree."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from robocoders.search.outline import CONTAINERS, Call, Outline, Symbol
from robocoders.search.parsing import MAX_PARSED_BYTES, languages_with_grammar, matches_of
from robocoders.search.summaries import first_paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node


__all__ = ["has_grammar", "read_structure"]

_LANGUAGES = languages_with_grammar()
_OTHER_CAPTURES = frozenset({"name", "owner", "doc", "value"})
_BEFORE_LEADS = frozenset({b"", b"template", b"export", b"export default"})
"""What may stand on a line before a comment, a decorator or the parameters of a template that lead a definition."""
_MAX_NAME_CHARACTERS = 200
_MAX_INDENT = 200
_NO_OWNERS = frozenset({"exports", "module", "this", "self", "window", "globalThis"})
_METHOD_HOLDERS = frozenset({"class", "struct", "interface", "enum", "trait", "impl", "constant"})
_CPLUSPLUS = re.compile(
    rb"^[ \t]*(?:template[ \t]*<|namespace\b|(?:public|private|protected)[ \t]*:|using[ \t]+[\w:]+"
    rb"|(?:class|enum class)[ \t]+\w[\w \t]*(?:[:{]|$)|\w[^\n;(\"#]*\w::~?\w+[ \t]*\()",
    re.MULTILINE,
)


def has_grammar(language: str) -> bool:
    """Whether a language can be parsed."""
    return language in _LANGUAGES


def read_structure(language: str, text: str) -> Outline:
    """The definitions and calls of a text in a language that `has_grammar`; of a huge one, those of its beginning."""
    source = _beginning(text.encode("utf-8", "replace"))
    if language == "C" and _CPLUSPLUS.search(source):
        # A header does not say of which of the two languages it is.
        language = "C++"
    found = _Found(source)
    for pattern, nodes in matches_of(language, source):
        found.take(pattern, nodes)
    return Outline(tuple(found.symbols()), tuple(found.calls))


def _beginning(source: bytes) -> bytes:
    """At most as much as may be parsed, up to the end of a line where there is one."""
    if len(source) <= MAX_PARSED_BYTES:
        return source
    end = source.rfind(b"\n", 0, MAX_PARSED_BYTES)
    return source[: end if end > 0 else MAX_PARSED_BYTES]


@dataclass(slots=True)
class _Draft:
    """A definition whose surroundings are not known yet; rows count from 0."""

    pattern: int
    name: str
    kind: str
    owner: str
    start: int
    end: int
    start_row: int
    name_row: int
    end_row: int
    doc: str
    parent: int | None = None
    has_functions: bool = False


@dataclass(slots=True)
class _Found:
    """What has been found in one source."""

    source: bytes
    calls: list[Call] = field(default_factory=list[Call])
    drafts: dict[int, _Draft] = field(default_factory=dict[int, _Draft])
    docs: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    leads: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])

    def take(self, pattern: int, nodes: dict[str, list[Node]]) -> None:
        """Sort in what one pattern of the query found."""
        if "call" in nodes:
            for node in nodes["call"]:
                if called := self._text(node):
                    self.calls.append(Call(called, node.start_point[0] + 1))
        elif "component" in nodes:
            # In JSX a name in lower case is an element of the page, any other a function or class of the program.
            node = nodes["component"][0]
            if (name := self._text(node))[:1].isupper():
                self.calls.append(Call(name, node.start_point[0] + 1))
        elif "name" in nodes:
            self._take_definition(pattern, nodes)
        elif "doc" in nodes:
            node = nodes["doc"][0]
            self.docs.append((node.start_byte, node.end_byte, first_paragraph(self._text(node))))
        else:
            for kind, found in nodes.items():
                for node in found:
                    self._take_lead(node, is_comment=kind == "comment")

    def symbols(self) -> list[Symbol]:
        """The definitions, each with what it lies in."""
        drafts = sorted(self.drafts.values(), key=lambda draft: (draft.start, -draft.end))
        kept = _nest(drafts)
        self._attach_docs(kept)
        symbols: list[Symbol] = []
        for draft in kept:
            around = symbols[draft.parent] if draft.parent is not None else None
            symbols.append(self._symbol(draft, around))
        return symbols

    def _take_definition(self, pattern: int, nodes: dict[str, list[Node]]) -> None:
        kind = next(key for key in nodes if key not in _OTHER_CAPTURES)
        name, node = nodes["name"][0], nodes[kind][0]
        known = self.drafts.get(name.start_byte)
        if known is not None and known.pattern <= pattern:
            return
        if "value" in nodes and self._text(nodes["value"][0]).startswith("require("):
            return
        plain = _plain_name(self._text(name))
        if not plain:
            # The parser put in what the code lacks.
            return
        owner = self._text(nodes["owner"][0]).partition("<")[0].strip() if "owner" in nodes else ""
        doc = first_paragraph(self._text(nodes["doc"][0])) if "doc" in nodes else ""
        self.drafts[name.start_byte] = _Draft(
            pattern,
            plain,
            kind,
            "" if owner in _NO_OWNERS else owner,
            node.start_byte,
            node.end_byte,
            node.start_point[0],
            name.start_point[0],
            _last_row(node),
            doc,
        )

    def _take_lead(self, node: Node, *, is_comment: bool) -> None:
        row, column = node.start_point
        begin, end = node.byte_range
        if column > _MAX_INDENT or self.source[begin - column : begin].strip() not in _BEFORE_LEADS:
            return
        rest = b"" if self.source[end - 1 : end] == b"\n" else self.source[end : end + _MAX_INDENT].partition(b"\n")[0]
        if not rest.strip():
            self.leads[_last_row(node)] = (row, self._text(node) if is_comment else "")

    def _attach_docs(self, drafts: Sequence[_Draft]) -> None:
        """Give each documentation string to the innermost definition around it."""
        starts = [draft.start for draft in drafts]
        for start, end, doc in self.docs:
            index: int | None = bisect_right(starts, start) - 1
            while index is not None and index >= 0 and drafts[index].end < end:
                index = drafts[index].parent
            if index is not None and index >= 0 and not drafts[index].doc:
                drafts[index].doc = doc

    def _symbol(self, draft: _Draft, around: Symbol | None) -> Symbol:
        lead_row, comment = self._lead_of(draft.start_row)
        parts = [around.qualified] if around is not None else []
        kind = draft.kind
        if kind == "function" and (draft.owner or (around is not None and around.kind in _METHOD_HOLDERS)):
            kind = "method"
        return Symbol(
            draft.name,
            ".".join([*parts, *([draft.owner] if draft.owner else []), draft.name]),
            kind,
            draft.name_row + 1,
            draft.end_row + 1,
            lead_row + 1,
            kind in CONTAINERS or (kind == "constant" and draft.has_functions),
            kind == "constant",
            draft.parent,
            draft.owner,
            draft.doc or first_paragraph(comment),
        )

    def _lead_of(self, row: int) -> tuple[int, str]:
        """Where the comments and decorators right above a row begin, and what the comments say."""
        comments: list[str] = []
        while (lead := self.leads.get(row - 1)) is not None:
            row, comment = lead
            comments.append(comment)
        return row, "\n".join(reversed([comment for comment in comments if comment]))

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _nest(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Find what each definition lies in; leave out what is none of its own."""
    kept: list[_Draft] = []
    stack: list[int] = []
    for draft in drafts:
        while stack and not _is_within(draft, kept[stack[-1]]):
            stack.pop()
        around = kept[stack[-1]] if stack else None
        if draft.kind == "type" and any(
            draft.name == other.name and other.end_row == draft.end_row for other in kept[-1:]
        ):
            # `typedef struct point {} point`
            continue
        if around is not None:
            if draft.kind == "constant" and not _has_constants(around, draft.name):
                continue
            if (draft.name, draft.name_row) == (around.name, around.name_row):
                # `run = function run() {}`
                continue
            draft.parent = stack[-1]
            around.has_functions |= draft.kind == "function"
        stack.append(len(kept))
        kept.append(draft)
    return kept


def _is_within(inner: _Draft, outer: _Draft) -> bool:
    """Whether one of two definitions holds the other; `a, b = 1, 2` are two in one place."""
    return inner.end <= outer.end and (inner.start, inner.end) != (outer.start, outer.end)


def _has_constants(around: _Draft, name: str) -> bool:
    """Whether a value is a constant of what it lies in: no variable of a function, no plain attribute of a class."""
    return around.kind in CONTAINERS and (around.kind in {"module", "enum"} or name.isupper())


def _plain_name(text: str) -> str:
    """A name as it is searched for: without quotes, without the parameters of an operator, on one line."""
    if text[:1] in {"'", '"'}:
        text = text.strip("'\"")
    elif text.startswith("operator") and not text[8:].lstrip().startswith("("):
        text = text.partition("(")[0]
    return " ".join(text.split())[:_MAX_NAME_CHARACTERS]


def _last_row(node: Node) -> int:
    """The last row that a node stands on; some nodes hold the end of their last line."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row
