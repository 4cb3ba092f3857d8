"""The open turns of one session: first come, first served, one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from robocoders.agents.running import Outcome
from robocoders.agents.transcript import Transcript
from robocoders.engine.accounts import TurnAccount
from robocoders.engine.asking import Outside
from robocoders.engine.sealing import SealedPlace
from robocoders.store import SessionRow, TurnRow

__all__ = ["Lane", "OpenTurn"]


@dataclass(slots=True)
class OpenTurn:
    """A turn that waits or runs in this process.

    Attributes:
        session: Its session.
        turn: The turn as it was accepted.
        stop: Set from outside to how the turn is to end at once.
        resumes: Whether an earlier process may have begun it.
        began: Whether this process has begun it.
        closed: Whether its closing message is out.
        account: What it uses up; None before it is begun.
        transcript: What it and its model have said.
        place: Where its commands run.
        clock: Ends it when its time is over.
        outside: Whether it waits for somebody outside of it.
        lane: All open turns of its session.
        done: Set when it is over for this process: its closing message is out, or it is left to the next start.
    """

    session: SessionRow
    turn: TurnRow
    stop: asyncio.Future[Outcome]
    resumes: bool = False
    began: bool = False
    closed: bool = False
    account: TurnAccount | None = None
    transcript: Transcript = field(default_factory=Transcript)
    place: SealedPlace = field(default_factory=SealedPlace)
    clock: asyncio.TimerHandle | None = None
    outside: Outside = field(default_factory=Outside)
    lane: Sequence[OpenTurn] = field(default=(), repr=False)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_passed_over(self) -> bool:
        """Whether another prompt was accepted after it began to wait for what it waits for."""
        asked = self.outside.asked_up_to
        return asked is not None and any(other.turn.after_event_id >= asked for other in self.lane if other is not self)

    def end(self, outcome: Outcome) -> None:
        """Ask it to end so; only the first wish counts."""
        if not self.stop.done():
            self.stop.set_result(outcome)


@dataclass(slots=True)
class Lane:
    """One session's open turns, the running one first, and the task that works them off."""

    turns: deque[OpenTurn] = field(default_factory=deque[OpenTurn])
    task: asyncio.Task[None] | None = None
