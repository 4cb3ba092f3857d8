"""The commands, programs and files that a prompt spells out in fenced blocks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Block", "spelled_out"]

_FENCE_LINE = re.compile(r"^(?P<mark>```+|~~~+)(?P<info>[^`\n]*)$", re.MULTILINE)
_LONGEST_INFO = 200
_COMMANDS = frozenset({"sh", "bash", "shell", "zsh", "console"})
_PYTHON = frozenset({"python", "py", "python3"})
_FILE_NAME = re.compile(
    r"(?:^|[\s=:\"'])(?P<name>[\w.~/-]*[\w-]\.[A-Za-z]\w{0,9}|(?:[\w.-]+/)*(?:Makefile|Dockerfile))\b"
)
_TYPED = re.compile(r"^\$ ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block that can be carried out.

    Args:
        kind: What it is.
        body: What stands in it.
        name: A file's name.
    """

    kind: Literal["command", "python", "file"]
    body: str
    name: str = ""


def spelled_out(text: str) -> tuple[Block, ...]:
    """The blocks that can be carried out, in order.

    A block is a file where its opening line names one (` ```python src/app.py `), else commands or Python by the
    language it names. In a transcript of a terminal the lines after `$ ` are the commands. Other blocks are text.
    """
    blocks: list[Block] = []
    for info, body in _fenced(text):
        name = _FILE_NAME.search(info)
        language = info.split(" ", 1)[0].lower()
        if name is not None:
            blocks.append(Block("file", body, name.group("name")))
        elif language in _COMMANDS:
            blocks.append(Block("command", _typed(body)))
        elif language in _PYTHON:
            blocks.append(Block("python", body))
    return tuple(blocks)


def _fenced(text: str) -> Iterator[tuple[str, str]]:
    """What stands behind the opening fence of each block that is closed, and in it (CommonMark 0.31.2, 4.5).

    One pass over the lines: a prompt of a million characters may be nothing but fences.
    """
    opened = None
    for line in _FENCE_LINE.finditer(text):
        mark, info = line.group("mark"), line.group("info").strip()
        if opened is None:
            opened = (mark, info[:_LONGEST_INFO], line.end() + 1)
        elif not info and mark.startswith(opened[0]):
            yield opened[1], text[opened[2] : line.start()]
            opened = None


def _typed(body: str) -> str:
    if not _TYPED.search(body):
        return body
    return "".join(line[2:] for line in body.splitlines(keepends=True) if line.startswith("$ "))
