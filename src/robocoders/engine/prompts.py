"""A prompt on its way in, and what its sender gets to follow it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from robocoders.engine.hub import Item
from robocoders.store.rows import History, TurnRow
from robocoders.wire.protocol import CONTINUE_PROMPT
from robocoders.wire.wishes import Wishes

__all__ = ["PromptSpec", "TurnHandle"]


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """A prompt as it came.

    Attributes:
        prompt: What the user says.
        agent: The agent's name.
        history: Whether the model hears the session's earlier turns, or the prompt carries its own.
        key: The idempotency key, where there is one.
        body_hash: A hash of the request's body; the same key must come with the same one.
        if_busy_refuse: Refuse, rather than wait, where the session has an open turn.
        plain: Whether the answer goes to the plain stream, that of old clients.
        model: The model's name for this turn; None for the session's, else the server's.
        wishes: What is asked for beside the words.
    """

    prompt: str = field(repr=False)
    agent: str
    history: History = "log"
    key: str | None = None
    body_hash: str = ""
    if_busy_refuse: bool = False
    plain: bool = False
    model: str | None = None
    wishes: Wishes | None = field(default=None, repr=False)

    @property
    def is_bare_continue(self) -> bool:
        """Whether it may be an old client's automatism rather than somebody's wish.

        Old clients send `continue` after every waiting message (protocol fact), so it must not cost anything where
        there is nothing to continue. A prompt with a key is always real.
        """
        return self.plain and self.key is None and self.prompt == CONTINUE_PROMPT


class Follow(Protocol):
    """Follows a turn."""

    def __call__(self, turn: TurnRow, after: int, offset: int, /, *, deltas: bool) -> AsyncGenerator[Item, None]:
        """Return the turn's events after an id."""
        ...


@dataclass(frozen=True, slots=True)
class TurnHandle:
    """The turn of a prompt that was accepted, or of an answer that it had asked for.

    Attributes:
        turn: The turn as it was when the prompt, or the answer, came.
        existing: Whether the key was known, so that this is an earlier turn and no new one; of answers, whether all of
            them were known.
        begins_after: The id after which comes what the prompt or the answer leads to: for an answer that of the last
            of the calls that were made at once.
    """

    turn: TurnRow
    existing: bool
    _follow: Follow = field(repr=False)
    begins_after: int

    def events(self, *, after: int = 0, deltas: bool = False, offset: int = 0) -> AsyncGenerator[Item, None]:
        """Return the turn's events, past ones and live ones; the closing one is the last.

        They end without it only where the session was deleted, or the engine stopped.

        Args:
            after: Only events with a greater id; 0 for all of the turn's.
            deltas: Whether to give the text of the event to come, too.
            offset: How many characters of that text the reader has had; they come after the event `after`.
        """
        return self._follow(self.turn, after, offset, deltas=deltas)
