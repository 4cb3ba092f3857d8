"""What a response is made of: events of the log, live text of the one to come, and text that was withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from robocoders.events import Event

__all__ = ["LivePiece", "LogItem", "Logged", "Withdrawal"]


@dataclass(frozen=True, slots=True)
class LivePiece:
    """A piece of the text of an event to come.

    Attributes:
        event_id: The id that the event will have.
        generation: How often its text was withdrawn before.
        offset: Where the piece begins, in characters.
        text: The piece.
    """

    event_id: int
    generation: int
    offset: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Text of an event to come that was shown and does not count.

    Attributes:
        event_id: The id that the event will have, or has.
        generation: How often its text was withdrawn before that.
        characters: How long it was.
    """

    event_id: int
    generation: int
    characters: int


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log.

    Attributes:
        event_id: Its id; 0 for a last message that the log had no room for.
        event: The event.
        at: When it was committed, in seconds since 1970.
    """

    event_id: int
    event: Event
    at: int


LogItem = LivePiece | Withdrawal | Logged
"""What a response is made of. All withdrawals of an event's text come before the event, in order."""
