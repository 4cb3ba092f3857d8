"""Keeping a conversation within a model's window: the oldest is condensed or dropped, always in the same way.

Pure, and without asking a model: a turn that is run again comes to the same conversation. In this order, each only as
far as needed, and never within the newest messages: outputs of tools become a line that says what was left out, long
arguments of calls too; then earlier turns are dropped, oldest first; then, in a turn that is long by itself, its oldest
calls with their results. Calls and results stay together, since providers refuse one without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.tools import RunContext  # noqa: TC002 - the library reads the processor's signature

from robocoders.agents.tool_context import ToolContext

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["COMPACTION", "compacted", "limit_for", "size_of"]

_DEFAULT_WINDOW_TOKENS = 128_000
"""What is taken for a model whose window is not known. One that has less says so, and is asked again with less."""

_CHARACTERS_PER_TOKEN = 3
"""Code has about three to four characters a token; the lower number is the safe one."""

_SHARE = 0.75
"""How much of the window the conversation may fill; instructions, tools and the answer need the rest."""

_AIM = 0.6
"""How much of that is left when something had to go, so that it does not have to go with each request."""

_NEWEST = 6
"""So many messages at the end stay as they are: about three calls with their results."""

_SHORT = 400
"""Outputs and arguments up to so many characters are not worth condensing."""


_IMAGE = 6000
"""What an image counts: providers take some hundred to about two thousand tokens for one, however many bytes it has."""


def limit_for(model: Model) -> int:
    """How many characters a conversation with a model may have."""
    return int((model.context_window or _DEFAULT_WINDOW_TOKENS) * _CHARACTERS_PER_TOKEN * _SHARE)


def size_of(messages: Sequence[ModelMessage]) -> int:
    """How many characters of a conversation a model reads."""
    return sum(_size(part) for message in messages for part in message.parts)


def compacted(messages: Sequence[ModelMessage], limit: int, newest: int = _NEWEST) -> list[ModelMessage]:
    """The conversation, or a shorter one that stands for it where it has more than `limit` characters.

    Args:
        messages: The conversation.
        limit: How many characters it may have.
        newest: How many messages at its end stay as they are, even where they alone have more.
    """
    whole = [*messages]
    if size_of(whole) <= limit:
        return whole
    aim = int(limit * _AIM)
    for shorten in (_without_outputs, _without_arguments):
        if size_of(whole) > aim:
            whole = shorten(whole, aim, newest)
    for shorten in (_without_turns, _without_calls):
        if size_of(whole) > limit:
            whole = shorten(whole, aim, newest)
    return whole


async def _keep_within_window(ctx: RunContext[ToolContext], messages: list[ModelMessage]) -> list[ModelMessage]:
    return compacted(messages, limit_for(ctx.deps.model))


COMPACTION: ProcessHistory[ToolContext] = ProcessHistory(_keep_within_window)
"""Does it before each request to the model."""


def _size(part: ModelRequestPart | ModelResponsePart) -> int:
    match part:
        case ToolReturnPart():
            return len(part.model_response_str())
        case ToolCallPart():
            return len(part.args_as_json_str())
        case TextPart() | ThinkingPart() | SystemPromptPart():
            return len(part.content)
        case UserPromptPart(content=content):
            return len(content) if isinstance(content, str) else sum(map(_size_of_item, content))
        case _:
            return 0


def _size_of_item(item: UserContent) -> int:
    return len(item) if isinstance(item, str) else _IMAGE


def _without_outputs(messages: list[ModelMessage], aim: int, newest: int) -> list[ModelMessage]:
    def condensed(part: ModelRequestPart | ModelResponsePart) -> ModelRequestPart | ModelResponsePart:
        if not isinstance(part, ToolReturnPart) or _size(part) <= _SHORT:
            return part
        text = part.model_response_str()
        said = f"{text[: _SHORT // 2]}\n[... {len(text) - _SHORT // 2} characters left out to save room ...]"
        return replace(part, content=said, metadata=None)

    return _each_part(messages, aim, newest, condensed)


def _without_arguments(messages: list[ModelMessage], aim: int, newest: int) -> list[ModelMessage]:
    def condensed(part: ModelRequestPart | ModelResponsePart) -> ModelRequestPart | ModelResponsePart:
        if not isinstance(part, ToolCallPart) or _size(part) <= _SHORT:
            return part
        return replace(part, args={name: _condensed_argument(value) for name, value in _arguments(part).items()})

    return _each_part(messages, aim, newest, condensed)


def _arguments(part: ToolCallPart) -> dict[str, Any]:
    try:
        return part.args_as_dict()
    except (ValueError, AssertionError):
        # A model may write anything; what is no object has no names to keep.
        return {}


def _condensed_argument(value: object) -> object:
    if isinstance(value, str) and len(value) > _SHORT:
        return f"{value[: _SHORT // 2]}\n[... {len(value) - _SHORT // 2} characters left out to save room ...]"
    return value


def _each_part(
    messages: list[ModelMessage],
    aim: int,
    newest: int,
    condensed: Callable[[ModelRequestPart | ModelResponsePart], ModelRequestPart | ModelResponsePart],
) -> list[ModelMessage]:
    """Condense parts, oldest message first, until the aim is reached."""
    whole = [*messages]
    left = size_of(whole)
    for place in range(max(len(whole) - newest, 0)):
        if left <= aim:
            break
        message = whole[place]
        parts = [condensed(part) for part in message.parts]
        if all(new is old for new, old in zip(parts, message.parts, strict=True)):
            continue
        if isinstance(message, ModelRequest):
            whole[place] = replace(message, parts=cast("list[ModelRequestPart]", parts))
        else:
            whole[place] = replace(message, parts=cast("list[ModelResponsePart]", parts))
        left -= size_of([message]) - size_of([whole[place]])
    return whole


def _begins_turn(message: ModelMessage) -> bool:
    return isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts)


def _without_turns(messages: list[ModelMessage], aim: int, _newest: int) -> list[ModelMessage]:
    """Drop whole turns from the beginning, never the newest one."""
    starts = [place for place, message in enumerate(messages) if _begins_turn(message)]
    for start in starts[1:]:
        if size_of(messages[start:]) <= aim:
            return messages[start:]
    return messages[starts[-1] :] if starts else messages


def _without_calls(messages: list[ModelMessage], aim: int, newest: int) -> list[ModelMessage]:
    """Drop calls with their results, oldest first, behind the message that holds the prompt."""
    whole = [*messages]
    left = size_of(whole)
    while left > aim and len(whole) > newest + 2:
        pair = whole[1:3]
        if not (isinstance(pair[0], ModelResponse) and isinstance(pair[1], ModelRequest)):
            break
        left -= size_of(pair)
        del whole[1:3]
    return whole
