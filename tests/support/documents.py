"""The project's pages: their code blocks, links and headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import ROOT, tracked_files

SCRIPTS = {"python": "python", "py": "python", "sh": "sh", "bash": "sh", "shell": "sh", "console": "console"}
"""The languages of blocks that a reader would run, by the name behind the fence."""

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[^\s`]*)[^\n`]*$")
_REMARK = re.compile(r"^<!-- (?P<kind>not run|tested by): (?P<text>.*?) *-->$")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it holds, and what the remark on the line before it says."""

    line: int
    language: str
    text: str
    not_run: str | None
    tested_by: str | None


def pages() -> list[Path]:
    """Return every page of the repository."""
    return [path for path in tracked_files() if path.suffix == ".md"]


def pages_for_users() -> list[Path]:
    """Return the pages whose code blocks are promises: README and docs."""
    return [path for path in pages() if path == ROOT / "README.md" or path.is_relative_to(ROOT / "docs")]


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        closing = next(
            (later for later in range(number + 1, len(lines)) if lines[later].strip() == opening["fence"]), len(lines)
        )
        body = [line.removeprefix(opening["indent"]) for line in lines[number + 1 : closing]]
        before = next((line.strip() for line in reversed(lines[:number]) if line.strip()), "")
        remark = _REMARK.match(before)
        said = {remark["kind"]: remark["text"]} if remark else {}
        found.append(
            Block(
                line=number + 1,
                language=opening["language"].lower(),
                text="\n".join(body) + "\n",
                not_run=said.get("not run"),
                tested_by=said.get("tested by"),
            )
        )
        number = closing + 1
    return found


def prose(text: str) -> str:
    """Return the page without its fenced blocks and code spans, line for line."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        marker = _FENCE.match(line)
        if fence:
            kept.append("")
            fence = "" if line.strip() == fence else fence
        elif marker:
            kept.append("")
            fence = marker["fence"]
        else:
            kept.append(re.sub(r"`[^`]*`", "", line))
    return "\n".join(kept)


def links(text: str) -> list[str]:
    """Return the targets of links and pictures, as written."""
    return [match["target"] for match in _LINK.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """Return the names under which a code host lets one link to the page's headings."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", text, flags=re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}
