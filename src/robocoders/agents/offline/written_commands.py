"""Commands that a README or a file of a continuous integration writes down. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

__all__ = ["ci_commands", "purpose_of_command", "readme_commands"]

_MOST = 12
_LONGEST = 100
_SHELL_FENCE = re.compile(
    r"^[ ]{0,3}```+[ ]*(?:sh|bash|shell|console|shell-session|zsh)\b[^\n]*\n(?P<body>.*?)^[ ]{0,3}```",
    re.MULTILINE | re.DOTALL,
)
_PROMPT_LINE = re.compile(r"^[ \t]*\$ (?P<command>\S.*)$", re.MULTILINE)
_TOOL = re.compile(
    r"(?:sudo )?(?:python\d?(?:\.\d+)? -m |\.?/?[\w./-]*/)?"
    r"(?:pip\d?|pipx|uv|poetry|hatch|tox|nox|pytest|unittest|make|just|npm|npx|yarn|pnpm|node|cargo|go|mvn|gradlew?|cmake"
    r"|ctest|meson|ninja|bundle|rake|composer|mix|docker|conda|brew|apt(?:-get)?)\b(?![.:=])"
)
_TEST = re.compile(r"\b(?:tests?|pytest|tox|nox|unittest|ctest|check|lint|clippy|mypy|ruff|pyright|coverage)\b")
_BUILD = re.compile(r"\b(?:install|build|sync|ci|package|compile|add|develop)\b")
_RUN_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<dash>- )?run:[ \t]*(?P<rest>.*)$")
_ITEM = re.compile(r"^[ \t]+- (?P<rest>[^:{}\[\]]+)$")


def readme_commands(text: str) -> list[str]:
    """The commands in a README's shell blocks and after `$ `, those of known tools, in order."""
    lines: list[str] = []
    for block in _SHELL_FENCE.finditer(text):
        lines += block["body"].splitlines()
    lines += [match["command"] for match in _PROMPT_LINE.finditer(text)]
    return _known(lines)


def ci_commands(text: str) -> list[str]:
    """The commands that a workflow runs (`run:` and items of a `script:`), those of known tools, in order."""
    return _known(_ci_lines(text.splitlines()))


def purpose_of_command(command: str) -> Literal["build", "run", "test", "other"]:
    """What a command is for, by its words."""
    if _TEST.search(command):
        return "test"
    return "build" if _BUILD.search(command) else "run"


def _ci_lines(lines: list[str]) -> Iterator[str]:
    block_indent: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if block_indent is not None:
            if not line.strip() or indent > block_indent:
                yield line
                continue
            block_indent = None
        if match := _RUN_LINE.match(line):
            if match["rest"].strip() in {"|", "|-", ">", ">-", "|+"}:
                block_indent = len(match["indent"]) + len(match["dash"] or "")
            else:
                yield match["rest"]
        elif match := _ITEM.match(line):
            yield match["rest"]


def _known(lines: Iterator[str] | list[str]) -> list[str]:
    found: dict[str, None] = {}
    for line in lines:
        command = line.strip().removeprefix("$ ").strip("'\"").partition(" #")[0].strip()
        # What is filled in elsewhere (`${{ matrix.x }}`) or goes on in the next line cannot be typed as it is.
        if _TOOL.match(command) and "${{" not in command and not command.endswith("\\") and len(command) <= _LONGEST:
            found.setdefault(command)
    return list(found)[:_MOST]
