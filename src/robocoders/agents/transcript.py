"""The model's messages of a session: as bytes between turns, as a list that grows during one.

Whatever ends a turn, and at whatever point, what it leaves is a conversation that any model takes: each call of a tool
has its result. The results that the next request would have told are part of it, although that request is never made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelRequest

    from robocoders.agents.running import Exchange

__all__ = ["Transcript", "with_exchanges"]

logger = logging.getLogger("robocoders.agents")

MOST_BYTES = 8 << 20
"""How much is kept of a session. No model can hear more, and each turn reads and writes it."""

_NO_RESULT = (
    "Error: The turn was stopped before this had a result. Whether it had an effect is not known; it is not done again "
    "by itself."
)


class Transcript:
    """What a turn and its model have said to each other so far, for whoever ends the turn from outside."""

    def __init__(self) -> None:
        self._said: Callable[[], Sequence[ModelMessage]] | None = None
        self._coming: ModelRequest | None = None

    def follow(self, said: Callable[[], Sequence[ModelMessage]]) -> None:
        """Take the messages from now on from here: those of earlier turns first, this turn's after them."""
        self._said = said

    def coming(self, request: ModelRequest) -> None:
        """A request is about to be made; what it tells counts, whether it is made or not."""
        self._coming = request

    def settled(self) -> bytes | None:
        """All messages, with a result for each call of a tool; None where the turn did not come to a model.

        They are JSON of pydantic-ai's `ModelMessagesTypeAdapter`.
        """
        if self._said is None:
            return None
        messages = [*self._said()]
        if self._coming is not None and not any(message is self._coming for message in messages):
            messages.append(self._coming)
        return _encoded(_bounded(_with_results(messages)))


def with_exchanges(messages: bytes, exchanges: Sequence[Exchange]) -> bytes | None:
    """Return messages with the prompts and answers of turns after them, of which there is nothing else.

    Args:
        messages: What `Transcript.settled` gave.
        exchanges: What came after, oldest first.

    Returns:
        None where the messages cannot be read, for instance after another version of the model library wrote them.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - loads the model library
    from pydantic_ai.messages import (  # noqa: PLC0415 - loads the model library
        ModelMessagesTypeAdapter,
        ModelRequest,
        ModelResponse,
        TextPart,
        UserPromptPart,
    )

    try:
        whole: list[ModelMessage] = ModelMessagesTypeAdapter.validate_json(messages)
    except ValidationError:
        logger.warning("A session's messages cannot be read any more; its prompts and answers take their place")
        return None
    if not exchanges:
        return messages
    for exchange in exchanges:
        whole.append(ModelRequest(parts=[UserPromptPart(exchange.prompt)]))
        whole.append(ModelResponse(parts=[TextPart(exchange.answer)]))
    return _encoded(whole)


def _with_results(messages: list[ModelMessage]) -> list[ModelMessage]:
    """Give a result to each call of the last response that has none: those before it had theirs told to the model."""
    from pydantic_ai.messages import (  # noqa: PLC0415 - loads the model library
        ModelRequest,
        ModelResponse,
        ToolReturnPart,
    )

    places = [place for place, message in enumerate(messages) if isinstance(message, ModelResponse)]
    if not places:
        return messages
    last, after = messages[places[-1]], messages[places[-1] + 1 :]
    assert isinstance(last, ModelResponse), "found as one"
    told = {
        part.tool_call_id
        for message in after
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    }
    missing = [
        ToolReturnPart(tool_name=call.tool_name, content=_NO_RESULT, tool_call_id=call.tool_call_id)
        for call in last.tool_calls
        if call.tool_call_id not in told
    ]
    if not missing:
        return messages
    # Before whatever else was said since: providers want results right behind the calls.
    return [*messages[: places[-1] + 1], ModelRequest(parts=missing), *after]


def _bounded(messages: list[ModelMessage]) -> list[ModelMessage]:
    """Leave out the oldest turns beyond the bound; the last one stays whole."""
    from pydantic_ai.messages import ModelRequest, UserPromptPart  # noqa: PLC0415 - loads the model library

    size, begins = 0, len(messages)
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        size += len(_encoded([message]) or b"")
        if size > MOST_BYTES and begins < len(messages):
            return messages[begins:]
        if isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts):
            begins = place
    return messages


def _encoded(messages: list[ModelMessage]) -> bytes | None:
    from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest  # noqa: PLC0415 - loads the model library
    from pydantic_core import PydanticSerializationError  # noqa: PLC0415 - the same

    try:
        # Each request of a turn holds the agent's instructions, and the next turn has its own.
        return ModelMessagesTypeAdapter.dump_json(
            [
                replace(message, instructions=None) if isinstance(message, ModelRequest) else message
                for message in messages
            ]
        )
    except (PydanticSerializationError, UnicodeError) as error:
        # For instance half a surrogate pair. The prompts and answers of the log are what the next turn has then.
        logger.warning("A model's messages cannot be kept: %s", type(error).__name__)
        return None
