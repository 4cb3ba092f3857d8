"""A conversation as a client sends it, and what of it an agent is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from robocoders.wire.openai.content import Content
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.prompts import prompt_from_messages
from robocoders.wire.protocol import MAX_PROMPT_CHARACTERS
from robocoders.wire.wishes import Image

__all__ = ["Asked", "Call", "Role", "Said", "ask", "tool_results"]

Role = Literal["system", "user", "assistant", "tool"]
"""Who says something. `developer` counts as `system`."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a client's tool; the arguments are JSON, as the model wrote them."""

    call_id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One message.

    Attributes:
        role: Who says it.
        content: What is said.
        calls: Which tools the assistant called.
        call_id: Of which call this is the result, where the role is `tool`.
    """

    role: Role
    content: Content = field(default_factory=Content)
    calls: tuple[Call, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent is asked.

    Attributes:
        prompt: What the user says.
        instructions: What was said by `system` and `developer`, parted by blank lines.
        images: The images that belong to the prompt, in their order.
        has_history: Whether the prompt carries the conversation before it.
    """

    prompt: str = field(repr=False)
    instructions: str = field(default="", repr=False)
    images: tuple[Image, ...] = ()
    has_history: bool = False


def ask(messages: Sequence[Said], *, goes_on: bool, param: str = "messages") -> Asked:
    """Return what an agent is asked by a conversation.

    Args:
        messages: All of it, oldest first.
        goes_on: The agent's session has the conversation so far, so only what comes after the assistant's last
            message is new. Else all of it is the prompt, in the form that users of the provider know.
        param: Where the conversation stands.

    Raises:
        ParameterError: Nothing is asked, or more than can be.
    """
    instructions = "\n\n".join(one.content.text for one in messages if one.role == "system" and one.content.text)
    told = [one for one in messages if one.role != "system"]
    if goes_on:
        last = max((place for place, one in enumerate(told) if one.role == "assistant"), default=-1)
        told = told[last + 1 :]
        prompt = "\n\n".join(text for text in map(_written, told) if text)
        has_history = False
    else:
        prompt, has_history = prompt_from_messages([{"role": one.role, "content": _written(one)} for one in told])
    images = tuple(image for one in told for image in one.content.images)
    if not images and not any(_written(one).strip() for one in told):
        text = "After the assistant's last message nothing is asked." if goes_on else "There is nothing to answer."
        raise ParameterError(param, text, "prompt_empty")
    if len(prompt) > MAX_PROMPT_CHARACTERS or len(instructions) > MAX_PROMPT_CHARACTERS:
        text = f"This is longer than the {MAX_PROMPT_CHARACTERS} characters that can be asked at once."
        raise ParameterError(param, text, "context_length_exceeded")
    return Asked(prompt if prompt.strip() else "(See the image.)", instructions, images, has_history)


def tool_results(messages: Sequence[Said]) -> dict[str, str]:
    """The results that a conversation ends with, by the ids of their calls; none where it ends otherwise."""
    results: dict[str, str] = {}
    for one in reversed(messages):
        if one.role != "tool" or one.call_id is None:
            break
        results.setdefault(one.call_id, one.content.text)
    return dict(reversed(results.items()))


def _written(one: Said) -> str:
    calls = [f"[calls {call.name} with {call.arguments}]" for call in one.calls]
    return "\n".join([part for part in (one.content.text, *calls) if part])
