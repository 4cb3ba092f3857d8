"""How a model ends its turn by a call: it asks the user something, or says that it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_ai.exceptions import ModelRetry
from pydantic_ai.output import ToolOutput

from robocoders.wire.protocol import Reason

if TYPE_CHECKING:
    from pydantic_ai.messages import ToolCallPart

__all__ = ["ENDING_NAMES", "ENDING_TOOLS", "Ending", "ask_user", "finish", "words_of"]


@dataclass(frozen=True, slots=True)
class Ending:
    """A turn's end: its reason and its closing message."""

    reason: str
    text: str


def ask_user(question: str) -> Ending:
    """Ask the user something without which you cannot go on, and end the turn. The answer is the next prompt.

    Args:
        question: The whole question, with what the user has to know to answer it.
    """
    if not question.strip():
        raise ModelRetry("The question is empty. Say what you want to know.")
    return Ending(Reason.QUESTION, question.strip())


def finish(answer: str) -> Ending:
    """End the turn because the task is done, or cannot be done.

    Args:
        answer: The last words to the user: what was done, how it was checked, what is left.
    """
    if not answer.strip():
        raise ModelRetry("The answer is empty. Say what was done.")
    return Ending(Reason.FINISHED, answer.strip())


ENDING_TOOLS = (ToolOutput(ask_user, name="ask_user"), ToolOutput(finish, name="finish"))
"""Both, as the library takes them. What is called before them in the same answer is done first."""

ENDING_NAMES = frozenset({"ask_user", "finish"})


def words_of(call: ToolCallPart) -> tuple[str, ...]:
    """The words that a call of one of them is made with; none where it is malformed."""
    try:
        return tuple(value.strip() for value in call.args_as_dict().values() if isinstance(value, str))
    except (ValueError, AssertionError):
        return ()
