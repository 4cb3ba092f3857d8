"""What the model of the chaos server says: a script that follows from the prompt alone, so that all can check it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["REQUESTS", "Saying", "file_of", "lines_of", "prompt_of", "say", "sayings_of", "token_of"]

REQUESTS = 10
"""Requests to the model in one turn; with the tool calls between them that makes some twenty steps."""

_WORDS = (
    "reads",
    "the",
    "log",
    "naïve",
    "once",
    "more",
    "日本",
    "and",
    "writes",
    "🙂",
    "a",
    "line\n",
    "again",
    "of",
    "it",
)
_PROMPT = "Work through "


@dataclass(frozen=True, slots=True)
class Saying:
    """The model's answer to one request.

    Args:
        pieces: Its text, as it is streamed; white space at either end is no part of the message.
        lines: The lines it appends to the turn's file of effects, one tool call each.
    """

    pieces: Sequence[str]
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """What the event says."""
        return "".join(self.pieces).strip()


def prompt_of(token: str) -> str:
    """The prompt of a turn; the token names it, without spaces."""
    return f"{_PROMPT}{token}"


def token_of(prompt: str) -> str:
    """The token that `prompt_of` was given."""
    return prompt.removeprefix(_PROMPT)


def say(prompt: str, number: int) -> Saying:
    """The answer to the request of that number, from 0, in the turn of this prompt."""
    token = token_of(prompt)
    chance = random.Random(f"{token} {number}")
    words = [f"{token}", f" {number}: "]
    words += [f"{chance.choice(_WORDS)} " for _ in range(chance.randrange(4, 24))]
    if number == REQUESTS - 1:
        words += ["x" * 3000, " done. "]
        return Saying(words, ())
    calls = 2 if number % 4 == 1 else 1
    return Saying(["  ", *words], [f"request {number}, call {call} of {token}" for call in range(calls)])


def sayings_of(prompt: str) -> Iterator[Saying]:
    """The whole script of a turn."""
    return (say(prompt, number) for number in range(REQUESTS))


def lines_of(prompt: str) -> list[str]:
    """Every line that a turn appends, in order."""
    return [line for saying in sayings_of(prompt) for line in saying.lines]


def file_of(prompt: str) -> str:
    """The name of the file that a turn appends its lines to."""
    return f"{token_of(prompt)}.txt"
