"""The names of questions that a turn asks outside of itself: unique, the same on every run of it, and telling it.

At most 40 characters, which is as long as some clients of OpenAI's dialects let the id of a tool call be.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass

__all__ = ["QuestionPlace", "call_id", "place_of"]

_PREFIX = "call_"
_FORM = re.compile(r"call_([a-z2-7]{26})_([1-9][0-9]{0,8})_(0|[1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class QuestionPlace:
    """Where a question was asked.

    Attributes:
        turn_id: The turn.
        step: The number of the step in it.
        index: The question's place among those that were asked at once, from 0.
    """

    turn_id: str
    step: int
    index: int


def call_id(place: QuestionPlace) -> str:
    """Return the name of the question at a place."""
    turn = base64.b32encode(uuid.UUID(place.turn_id).bytes).decode().rstrip("=").lower()
    return f"{_PREFIX}{turn}_{place.step}_{place.index}"


def place_of(name: str) -> QuestionPlace | None:
    """Return the place that a name tells; None where it is no such name."""
    found = _FORM.fullmatch(name)
    if found is None:
        return None
    try:
        turn = uuid.UUID(bytes=base64.b32decode(f"{found[1].upper()}======"))
    except (binascii.Error, ValueError):
        return None
    place = QuestionPlace(str(turn), int(found[2]), int(found[3]))
    # The last letter has bits to spare: only one way of writing them is the name.
    return place if call_id(place) == name else None
