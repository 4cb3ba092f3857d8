"""Every kind of question that search answers: where something is done, who calls something, what is in a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from robocoders.search.index import Place, SearchResult

if TYPE_CHECKING:
    from robocoders.search.index import Index

__all__ = ["About", "Asked", "ask", "what_is_asked"]

About = Literal["places", "callers", "file"]

MOST_SYMBOLS = 200
"""Of a file that defines more the first are named."""

_NAME = r"(?P<name>`[^`\s]+`|[A-Za-z_$][\w$]*(?:(?:\.|::|->|#)~?[A-Za-z_$][\w$]*)*(?:\(\))?)"
_PLACE = r"(?:\s+(?:in|from|within|inside)\b.*)?"
_WHAT = r"(?:the\s+)?(?:function\s+|method\s+|class\s+|macro\s+|constructor\s+)?"
_LIST = r"(?:(?:find|list|show|give)\s+(?:me\s+)?)?(?:all\s+)?(?:the\s+|of\s+the\s+)*"
_CALLS = tuple(
    re.compile(pattern + _PLACE, re.IGNORECASE)
    for pattern in (
        rf"(?:who|what|where|which\s+(?:\w+\s+)?\w+)(?:\s+in\s+.+?)?\s+(?:calls?|invokes?)\s+{_WHAT}{_NAME}",
        rf"where\s+(?:is|are|does|do|gets?)\s+{_WHAT}{_NAME}\s+(?:get\s+)?(?:being\s+)?(?:called|invoked)",
        rf"{_LIST}(?:callers?|call\s+sites?|calls)\s+(?:of|to)\s+{_WHAT}{_NAME}",
        rf"(?:кто|что|где)\s+(?:вызывает|вызывают|вызывается|зовёт)\s+(?:функцию\s+|метод\s+|класс\s+)?{_NAME}",
        rf"wer\s+ruft\s+{_NAME}\s+auf",
        rf"qui\s+appelle\s+{_NAME}",
    )
)
_USES = tuple(
    re.compile(pattern + _PLACE, re.IGNORECASE)
    for pattern in (
        rf"(?:who|what|which\s+\w+)\s+uses?\s+{_WHAT}{_NAME}",
        rf"where\s+(?:is|are)\s+{_WHAT}{_NAME}\s+used",
        rf"{_LIST}(?:usages?|uses|references)\s+(?:of|to)\s+{_WHAT}{_NAME}",
    )
)
_LOOKS_LIKE_CODE = re.compile(r"`|[_.$#(:]|[a-z0-9][A-Z]")
_PATH = re.compile(
    r"(?<![\w/.@-])`?(?P<path>(?:\.?[\w@~+-][\w.@~+-]*/|\./)*"
    r"(?:[\w@~+-][\w.@~+-]*\.[A-Za-z]\w{0,9}|Makefile|Dockerfile|Rakefile|Gemfile|justfile))`?(?![\w/])"
)
_FILE_WORDS = """
    what what's whats is are in inside of the this that file module script source header document does do contain
    contains contained define defines defined hold holds have has there about for describe explain show list give me us
    tell summarize summarise summary outline overview symbols functions classes methods definitions structs types names
    and which all contents content please can you could would it its a an s
    что в файле файл есть содержит определено определяет какие функции классы опиши покажи за находится
    was steht ist der datei qu'y a-t-il dans le fichier qué hay en el archivo
    """
_ABOUT_A_FILE = frozenset(_FILE_WORDS.split())
_FILE = re.compile(r"\b(?:file|datei|fichier|archivo)\b|\bфайл", re.IGNORECASE)
_LONGEST = 300
"""A longer question is no such short one."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about, and the name or path that it is about; empty for places."""

    about: About
    subject: str = ""
    is_certain: bool = True
    """Whether it can mean nothing else."""


def what_is_asked(question: str) -> Asked:
    """Sort a question by its words alone."""
    if len(question) > _LONGEST:
        return Asked("places")
    text = question.strip().rstrip("?!. ").strip()
    for pattern in _CALLS:
        if match := pattern.fullmatch(text):
            return Asked("callers", _bare(match["name"]), is_certain=bool(_LOOKS_LIKE_CODE.search(match["name"])))
    for pattern in _USES:
        match = pattern.fullmatch(text)
        if match and _LOOKS_LIKE_CODE.search(match["name"]):
            return Asked("callers", _bare(match["name"]), is_certain=False)
    paths = list(_PATH.finditer(question))
    if len(paths) == 1:
        rest = question[: paths[0].start()] + " " + question[paths[0].end() :]
        if _are_about_a_file(rest):
            return Asked("file", paths[0]["path"].removeprefix("./"))
    if not paths and _FILE.search(question) and _are_about_a_file(question):
        return Asked("file")
    return Asked("places")


def _are_about_a_file(text: str) -> bool:
    return all(word in _ABOUT_A_FILE for word in _WORD.findall(text.lower().replace("’", "'")))


def ask(index: Index, question: str, limit: int = 5) -> SearchResult:
    """Answer a question about a workspace with places, best first.

    For "who calls X" these are the calls; for "what is in FILE" they are what the file defines, in order, and more
    than `limit`, and nothing where no file is named. Where the index knows no such call, what mentions the name is
    searched for, and the result's subject says so; where it knows no such file, the question is like any other.

    Args:
        index: An index that is up to date.
        question: In plain words.
        limit: The most places.

    Raises:
        StoreError: The index cannot be read.
    """
    asked = what_is_asked(question)
    if asked == Asked("file"):
        return SearchResult([], [], strong=False, about="file")
    found: SearchResult | None = None
    if asked.about == "callers":
        found = _callers(index, asked, limit)
    elif asked.about == "file":
        found = _contents(index, asked.subject)
    return found if found is not None else index.search(question, limit)


def _bare(name: str) -> str:
    return name.strip("`").removesuffix("()")


def _callers(index: Index, asked: Asked, limit: int) -> SearchResult | None:
    name = re.split(r"\.|::|->|#", asked.subject)[-1]
    places = index.callers(name, limit + 1)
    if not places:
        # Languages that are not parsed have no calls: then what mentions the name has to do.
        return replace(index.search(asked.subject, limit), subject=asked.subject) if asked.is_certain else None
    return SearchResult(
        places[:limit], [asked.subject], strong=True, about="callers", subject=asked.subject, more=len(places) > limit
    )


def _contents(index: Index, name: str) -> SearchResult | None:
    path = index.file_named(name)
    if path is None:
        return None
    symbols = index.symbols(path)
    places = [
        Place(path, symbol.first_line, symbol.qualified, symbol.doc, 0.0, symbol.kind)
        for symbol in symbols[:MOST_SYMBOLS]
        if symbol.parent is None or symbols[symbol.parent].is_container
    ]
    return SearchResult(places, [name], strong=True, about="file", subject=path, more=len(symbols) > MOST_SYMBOLS)
