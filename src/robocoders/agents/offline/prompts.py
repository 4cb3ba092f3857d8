"""What a prompt asks of the model `offline`: one of a few written-down intents, by words alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from robocoders.agents.offline.fences import Block, spelled_out
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
from robocoders.search.asking import what_is_asked

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
        blocks: The fenced commands, programs and files it holds, in order.
    """

    intent: Intent
    text: str
    blocks: tuple[Block, ...] = ()


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\w+", re.UNICODE)

_ROLE_LINE = re.compile(r"^(User|Assistant|System): ?", re.MULTILINE)

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
    blocks = spelled_out(text)
    if blocks:
        return Request(Intent.SPELLED_OUT, text, blocks)
    lowered = text.lower().replace("’", "'")
    words = _WORD.findall(lowered)
    if _is_greeting(lowered):
        return Request(Intent.GREETING, text)
    if what_is_asked(text).about != "places":
        return Request(Intent.PLACES, text)
    if _is_overview(words):
        return Request(Intent.OVERVIEW, text)
    if _is_place_question(text, words):
        return Request(Intent.PLACES, text)
    return Request(Intent.OTHER, text)


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
