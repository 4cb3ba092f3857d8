"""Code apart from the words about it: comments and documentation strings count less, imports not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["split_code"]

_COMMENT = ("#", "//", "/*", "*", "--", ";;", "<!--")
_LONG_QUOTES = ('"""', "'''")
_IMPORT = re.compile(r"(?:import|from\s+[\w.]+\s+import|use|using|#\s*include|package|require|export\s+\*|__all__)\b")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_TRAILING = re.compile(r"\s(?:#|//)\s")
_PROSE_LANGUAGES = frozenset({"Markdown", "reStructuredText", "Text"})


def split_code(lines: Sequence[str], language: str | None) -> tuple[str, str]:
    """The code and the prose of a run of lines.

    Args:
        lines: Lines of a file, from outside of any documentation string.
        language: Their language; what is written in prose altogether is taken for code, it has nothing better.
    """
    if language in _PROSE_LANGUAGES:
        return "\n".join(lines), ""
    code: list[str] = []
    prose: list[str] = []
    closing = ""
    for line in lines:
        stripped = line.strip()
        if closing:
            # Inside of a documentation string or of an import over several lines.
            if closing in _LONG_QUOTES:
                prose.append(stripped)
            closing = "" if closing in stripped else closing
        elif stripped.startswith(_LONG_QUOTES) or (language == "Python" and stripped.startswith('r"""')):
            prose.append(stripped)
            quotes = '"""' if '"""' in stripped else "'''"
            closing = "" if stripped.count(quotes) > 1 else quotes
        elif stripped.startswith(_COMMENT) and not stripped.startswith(("#define", "#[")):
            prose.append(stripped)
        elif _IMPORT.match(stripped):
            closing = _CLOSING.get(stripped[-1], "")
        else:
            # What looks like a trailing comment inside of a string is rare, and loses little.
            before, *comment = (
                _TRAILING.split(stripped, maxsplit=1) if "#" in stripped or "//" in stripped else [stripped]
            )
            code.append(before)
            prose += comment
    return "\n".join(code), "\n".join(prose)
