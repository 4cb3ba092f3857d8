"""How a turn's end is said in the dialects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from robocoders.wire.protocol import Reason

__all__ = ["LENGTH_REASONS", "Failure", "failure_of"]

LENGTH_REASONS: Final = frozenset({Reason.ITERATION_LIMIT, Reason.BUDGET_LIMIT, Reason.EXHAUSTED})
"""The reasons after which an answer counts as cut off by a limit."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, or no more of it.

    Attributes:
        status: The HTTP status, where nothing has been sent yet.
        code: What is wrong, for programs.
        message: The same for people.
    """

    status: int
    code: str
    message: str


def failure_of(reason: str | None, text: str) -> Failure | None:
    """The failure that a turn ended with; None where its last message is an answer.

    Args:
        reason: Why the turn ended.
        text: Its last message.
    """
    if reason == Reason.ERROR:
        return Failure(500, "turn_failed", text or "The turn failed.")
    if reason == Reason.CANCELLED:
        return Failure(409, "cancelled", text or "The turn was cancelled.")
    return None
