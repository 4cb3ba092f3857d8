"""What a comment or a documentation string says first."""

from __future__ import annotations

import re

__all__ = ["MAX_SUMMARY_CHARACTERS", "first_paragraph"]

MAX_SUMMARY_CHARACTERS = 400

_MARK = re.compile(r"//[/!]*|/\*[*!]*|\*(?!\*|/)|#[!\[]?|;+|--(?:\[\[)?|<!--")
_QUOTES = re.compile(r"^[a-zA-Z]{0,2}(\"\"\"|'''|\"|')")
_ENDS = re.compile(
    r"@\w|:(?:param|type|returns?|rtype|raises?)\b|(?:Args|Arguments|Parameters|Returns|Raises|Example)s?:$"
)
_RULE = re.compile(r"\W*$")


def first_paragraph(text: str) -> str:
    """The first paragraph of a comment or of a documentation string, on one line, without their marks."""
    quotes = _QUOTES.match(text)
    if quotes is not None:
        text = text[quotes.end() :].removesuffix(quotes.group(1))
    words: list[str] = []
    length = 0
    for line in text[: 8 * MAX_SUMMARY_CHARACTERS].split("\n"):
        bare = line.strip() if quotes is not None else _without_marks(line.strip())
        if _ENDS.match(bare) or (words and _RULE.match(bare)):
            break
        if _RULE.match(bare):
            continue
        words.append(bare)
        length += len(bare) + 1
        if length > MAX_SUMMARY_CHARACTERS:
            break
    return " ".join(words)[:MAX_SUMMARY_CHARACTERS].rstrip()


def _without_marks(line: str) -> str:
    """A line of a comment without what makes it one."""
    mark = _MARK.match(line)
    if mark is not None:
        line = line[mark.end() :]
    return line.removesuffix("*/").removesuffix("-->").strip()
