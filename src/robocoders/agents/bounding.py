"""Texts kept to a length: the beginning and the end stay, and what is left out is said. Pure."""

from __future__ import annotations

__all__ = ["MODEL_CHARACTERS", "OBSERVATION_CHARACTERS", "cut_middle"]

MODEL_CHARACTERS = 24_000
"""The longest output of a tool that a language model is told."""

OBSERVATION_CHARACTERS = 60_000
"""The longest content of an observation."""

_HEAD_SHARE = 0.4
"""How much of what is kept is the beginning: a command's last lines say more often how it went."""


def cut_middle(text: str, most_characters: int) -> str:
    """The text, or its beginning and its end, cut at the ends of lines where some are near, and how much is missing.

    Args:
        text: Any text.
        most_characters: How much of it is kept; the note on what is missing is added to that.
    """
    if len(text) <= most_characters:
        return text
    head_length = int(most_characters * _HEAD_SHARE)
    head = text[:head_length]
    tail = text[len(text) - (most_characters - head_length) :]
    line_end = head.rfind("\n")
    if line_end >= head_length // 2:
        head = head[: line_end + 1]
    line_start = tail.find("\n") + 1
    if 0 < line_start <= len(tail) // 2:
        tail = tail[line_start:]
    missing = text[len(head) : len(text) - len(tail)]
    before = "" if head.endswith("\n") else "\n"
    lines = missing.count("\n")
    said = f"{len(missing)} characters" + (f" in {lines} lines" if lines else "")
    return f"{head}{before}[... {said} left out here ...]\n{tail}"
