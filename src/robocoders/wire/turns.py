"""One prompt and its continuations, as a generator that both fronts drive.

It yields what to do and is sent what came of it::

    turn = converse("Fix the test", max_continues=8)
    step = next(turn)                      # Post("Fix the test", 0): send this prompt
    step = turn.send(None)                 # READ: read on
    step = turn.send(event)                # READ, once for each event of the body
    step = turn.send(BODY_ENDED)           # Post("continue", 1), or StopIteration with a TurnEnd as its value

A turn is over when its body has ended. It goes on by itself where its last event says that an allowance is used up
(`args.extras.reason`); a server that gives no reason is the original, and there it goes on at most
`unmarked_continues` times: the original closed every turn with a waiting message, a limit or not (protocol fact).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from robocoders.events import Event, MessageAction
from robocoders.wire.protocol import CONTINUE_PROMPT, Reason

__all__ = ["BODY_ENDED", "READ", "Post", "Signal", "Turn", "TurnEnd", "converse"]


class Signal(Enum):
    """What is no prompt and no event."""

    READ = "read"
    BODY_ENDED = "body_ended"


READ: Final = Signal.READ
BODY_ENDED: Final = Signal.BODY_ENDED


@dataclass(frozen=True, slots=True)
class Post:
    """Send this prompt and read the answer's body to its end.

    Attributes:
        prompt: The prompt.
        number: 0 for the caller's own prompt, then 1, 2, ... for each continuation.
    """

    prompt: str = field(repr=False)
    number: int


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How the last body ended.

    Attributes:
        closing: The last event, where it is the waiting message that closes a turn; None where the body just ended.
        continues: How often it went on by itself.
    """

    closing: MessageAction | None
    continues: int

    @property
    def reason(self) -> str | None:
        """Why the turn ended; None where the server does not say."""
        return self.closing.reason if self.closing is not None else None


Turn = Generator[Post | Literal[Signal.READ], Event | Literal[Signal.BODY_ENDED] | None, TurnEnd]


def converse(prompt: str, *, max_continues: int, unmarked_continues: int = 0) -> Turn:
    """Return the turn of one prompt.

    Args:
        prompt: What the user asks.
        max_continues: How often to go on at a limit that the server marks.
        unmarked_continues: How often to go on after a waiting message of a server that marks nothing.
    """
    continues = 0
    unmarked = 0
    yield Post(prompt, 0)
    while True:
        closing = yield from _read_body()
        end = TurnEnd(closing, continues)
        if closing is None or continues >= max_continues:
            return end
        if not closing.args.extras:
            if unmarked >= unmarked_continues:
                return end
            unmarked += 1
        elif closing.reason not in Reason.ALLOWANCES:
            return end
        continues += 1
        yield Post(CONTINUE_PROMPT, continues)


def _read_body() -> Generator[Literal[Signal.READ], Event | Literal[Signal.BODY_ENDED] | None, MessageAction | None]:
    closing: MessageAction | None = None
    while True:
        came = yield READ
        if came is BODY_ENDED:
            return closing
        closing = came if isinstance(came, MessageAction) and came.args.wait_for_response else None
