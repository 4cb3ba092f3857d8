"""One conversation of the provider, as pieces of text."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from robocoders.client.conversation import Conversation
from robocoders.client.delivery import Prompt
from robocoders.errors import InvalidLineError, ValidationError
from robocoders.events import Action, Event
from robocoders.providers.connection import ServerConnection
from robocoders.providers.credentials_of_call import CredentialsOfCall
from robocoders.providers.options import CallOptions
from robocoders.wire.pieces import PieceJoiner
from robocoders.wire.protocol import Reason
from robocoders.wire.turns import TurnEnd

__all__ = ["answer_pieces"]

_log = logging.getLogger("robocoders.provider")

_UNMARKED_CONTINUES = 1
"""The original marked no limits; there its users know one continuation."""


async def answer_pieces(connection: ServerConnection, prompt: Prompt, options: CallOptions) -> AsyncGenerator[str]:
    """Send a prompt and yield its answer.

    Raises:
        RobocodersError: What could not be mended.
    """
    credentials = CredentialsOfCall(connection, options.session_id)
    conversation = Conversation(
        connection.exchange,
        credentials,
        credentials,
        prompt,
        max_continues=options.max_continues,
        unmarked_continues=_UNMARKED_CONTINUES,
        on_invalid_line=_log_invalid_line,
    )
    text = _AnswerText(steps=options.steps)
    may_mean_session = False
    try:
        with connection.errors_told():
            async with aclosing(conversation.events()) as events:
                async for event in events:
                    piece = text.piece(event)
                    if piece is not None:
                        yield piece
        rest = text.rest(conversation.end)
        if rest is not None:
            yield rest
    except ValidationError:
        # What a server of others means by it is not known; kept, a dead session would lock its user out.
        may_mean_session = not connection.exchange.idempotent
        raise
    finally:
        # An abandoned turn may still run; the next prompt in its session would wait for it.
        credentials.close(keep_session=not (conversation.is_abandoned or may_mean_session))


class _AnswerText:
    """The pieces of an answer. Without steps there is something to read nevertheless, however the turn ended."""

    def __init__(self, *, steps: bool) -> None:
        self._joiner = PieceJoiner(steps=steps)
        self._steps = steps
        self._last: Event | None = None

    def piece(self, event: Event) -> str | None:
        """The text to show of an event; None for nothing."""
        piece = self._joiner.piece(event)
        if piece is not None:
            self._last = None
        elif isinstance(event, Action):
            self._last = event
        return piece

    def rest(self, end: TurnEnd | None) -> str | None:
        """What is still to be shown after the last event: the notice of a limit, or what stands for an answer."""
        if self._steps or self._last is None:
            return None
        is_limit = end is not None and end.reason in Reason.ALLOWANCES
        is_all_there_is = end is None or end.closing is None
        return self._joiner.closing(self._last) if is_limit or is_all_there_is else None


def _log_invalid_line(error: InvalidLineError) -> None:
    # The error tells the line's length and nothing of its content.
    _log.warning("Skipped: %s", error)
