"""What a prompt asks of the model `offline`: one of a few written-down intents, by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from robocoders.agents.offline.wordlists import (
    GREETING_FILLERS,
    GREETING_PHRASES,
    MODEL_VERBS,
    OVERVIEW_OBJECTS,
    OVERVIEW_REST,
    OVERVIEW_TOPICS,
    POLITE,
    QUESTION_WORDS,
    SEARCH_VERBS,
    WHY,
)

__all__ = ["Intent", "Request", "last_user_message", "understand"]


class Intent(Enum):
    """What can be asked."""

    GREETING = "greeting"
    OVERVIEW = "overview"
    PLACES = "places"
    SPELLED_OUT = "spelled out"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt as understood.

    Args:
        intent: What is asked.
        text: The last thing the user said.
        commands: How many fenced blocks of commands or Python it holds.
        files: The names of the fenced files it holds.
    """

    intent: Intent
    text: str
    commands: int = 0
    files: tuple[str, ...] = ()


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\w+", re.UNICODE)

_ROLE_LINE = re.compile(r"^(User|Assistant|System): ?", re.MULTILINE)

_FENCE_LINE = re.compile(r"^(?P<mark>```+|~~~+)(?P<info>[^`\n]*)$", re.MULTILINE)
_LONGEST_INFO = 200
_RUNNABLE = frozenset({"sh", "bash", "shell", "zsh", "console", "python", "py", "python3"})
_FILE_NAME = re.compile(
    r"(?:^|[\s=:\"'])(?P<name>[\w.~/-]*[\w-]\.[A-Za-z]\w{0,9}|(?:[\w.-]+/)*(?:Makefile|Dockerfile))\b"
)

_GREETING_PHRASE = re.compile(rf"(?<!\w)(?:{'|'.join(GREETING_PHRASES)})(?!\w)")
_IDENTIFIER = re.compile(r"^`?[A-Za-z_][\w.:]*(?:\(\))?`?\??$")


def last_user_message(prompt: str) -> str:
    """The last thing the user said, where a prompt is a conversation written out.

    Such a prompt consists of `Role: content` lines and ends with an open `Assistant:`; any other prompt is returned
    as it is, stripped.
    """
    prompt = prompt.strip()
    if not prompt.endswith("Assistant:"):
        return prompt
    roles = list(_ROLE_LINE.finditer(prompt))
    for place, role in reversed(list(enumerate(roles))):
        if role.group(1) == "User":
            # The last role line is the open `Assistant:`, so a user's line always has one after it.
            return prompt[role.end() : roles[place + 1].start()].strip()
    return prompt


def understand(prompt: str) -> Request:
    """Sort a prompt into one of the intents."""
    text = last_user_message(prompt)
    commands, files = _spelled_out(text)
    if commands or files:
        return Request(Intent.SPELLED_OUT, text, commands, files)
    lowered = text.lower().replace("’", "'")
    words = _WORD.findall(lowered)
    if _is_greeting(lowered):
        return Request(Intent.GREETING, text)
    if _is_overview(words):
        return Request(Intent.OVERVIEW, text)
    if _is_place_question(text, words):
        return Request(Intent.PLACES, text)
    return Request(Intent.OTHER, text)


def _spelled_out(text: str) -> tuple[int, tuple[str, ...]]:
    commands = 0
    names: list[str] = []
    for info in _fenced(text):
        name = _FILE_NAME.search(info)
        if name is not None:
            names.append(name.group("name"))
        elif info.split(" ", 1)[0].lower() in _RUNNABLE:
            commands += 1
    return commands, tuple(names)


def _fenced(text: str) -> Iterator[str]:
    """What stands behind the opening fence of each block that is closed (CommonMark 0.31.2, 4.5).

    One pass over the lines: a prompt of a million characters may be nothing but fences.
    """
    opened = None
    for line in _FENCE_LINE.finditer(text):
        mark, info = line.group("mark"), line.group("info").strip()
        if opened is None:
            opened = (mark, info[:_LONGEST_INFO])
        elif not info and mark.startswith(opened[0]):
            yield opened[1]
            opened = None


def _is_greeting(lowered: str) -> bool:
    rest, found = _GREETING_PHRASE.subn(" ", lowered)
    return found > 0 and all(word in GREETING_FILLERS for word in _WORD.findall(rest))


def _is_overview(words: list[str]) -> bool:
    named = [word for word in words if word in OVERVIEW_OBJECTS or word in OVERVIEW_TOPICS]
    others = [word for word in words if word not in OVERVIEW_OBJECTS and word not in OVERVIEW_TOPICS]
    return bool(named) and all(word in OVERVIEW_REST for word in others) and _first_word(words) not in MODEL_VERBS


def _is_place_question(text: str, words: list[str]) -> bool:
    if _IDENTIFIER.match(text) and re.search(r"[_.()]|[a-z][A-Z]", text.rstrip("?.")):
        return True
    first = _first_word(words)
    if first in QUESTION_WORDS or first in SEARCH_VERBS:
        return True
    if first in MODEL_VERBS or first in WHY or not first:
        return False
    # "In the client, where are cookies parsed?" and "Is there a retry policy?"
    return text.rstrip().endswith("?")


def _first_word(words: list[str]) -> str:
    """The first word that is more than politeness, empty where there is none."""
    return next((word for word in words if word not in POLITE), "")
