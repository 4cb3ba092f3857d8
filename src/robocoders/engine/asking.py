"""Asking outside: a turn that waits for somebody else than its model and its tools, durably, and how it is answered.

What is asked is in the log before anybody sees it, and so is each answer before the turn goes on with it. A turn that
waits when its server is killed waits again after the next start; an answer that came before the kill is found in the
log. Nothing polls: an answer wakes the turn. It waits for at most a day since it was asked, or since the last answer
to a part of what it asked; a prompt that comes to its session meanwhile ends it, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, NoReturn

from robocoders.agents.running import Outcome
from robocoders.engine import endings
from robocoders.engine.call_ids import QuestionPlace, place_of
from robocoders.errors import RobocodersError

if TYPE_CHECKING:
    from robocoders.engine.lanes import OpenTurn
    from robocoders.store import BegunWait, Store

__all__ = [
    "LONGEST_WAIT_SECONDS",
    "CallsLeftOpenError",
    "ClientAnswerConflictError",
    "Outside",
    "Sleep",
    "UnknownCallError",
    "Waiter",
    "step_of",
]

LONGEST_WAIT_SECONDS = 24 * 3600
"""How long a turn waits for an answer."""

_MICRO = 1_000_000

Sleep = Callable[[float], Awaitable[None]]
"""Returns after so many seconds."""


class UnknownCallError(RobocodersError):
    """Nobody waits for this: it was never asked, or by another user's turn, or that turn has ended."""


class ClientAnswerConflictError(RobocodersError):
    """The call was answered before, and otherwise."""


class CallsLeftOpenError(RobocodersError):
    """Other calls that were made at the same time have no answer yet, nor is one among these.

    Attributes:
        names: Their names.
    """

    def __init__(self, names: tuple[str, ...], *, session_id: str) -> None:
        super().__init__(f"calls without an answer: {', '.join(names)}", session_id=session_id)
        self.names = names


class Outside:
    """Whether a turn waits for somebody outside of it, and what wakes it."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self.asked_up_to: int | None = None
        """The id of the last event of those that ask; None where nothing is waited for."""

    def wake(self) -> None:
        """Something has changed: an answer has come."""
        self._news.set()

    async def news(self) -> None:
        """Wait until something has changed since the last time."""
        await self._news.wait()
        self._news.clear()


class Waiter:
    """Waits, for one turn, until what it asked is answered.

    Args:
        store: Where the log is.
        current: The turn.
        now_us: Returns the time, in UTC microseconds.
        sleep: Waits for a time; it may end early or late.
        standing_still: While it is open, no time is counted for the turn.
    """

    def __init__(
        self,
        store: Store,
        current: OpenTurn,
        *,
        now_us: Callable[[], int],
        sleep: Sleep,
        standing_still: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._store = store
        self._current = current
        self._now_us = now_us
        self._sleep = sleep
        self._standing_still = standing_still

    async def answered(self, step: int, begun: BegunWait) -> BegunWait:
        """Return the questions of a step when all of them are answered.

        Where that does not come to pass the turn is told to end, and this waits until it is cancelled.
        """
        if begun.complete:
            return begun
        outside = self._current.outside
        outside.asked_up_to = begun.asked[-1].id
        try:
            async with self._standing_still():
                return await self._until_complete(step, begun)
        finally:
            outside.asked_up_to = None

    async def _until_complete(self, step: int, begun: BegunWait) -> BegunWait:
        while not begun.complete:
            if self._current.is_passed_over:
                await self._end(endings.passed_over())
            known = [begun.asked[-1], *(answer for answer in begun.answers if answer is not None)]
            latest_us = max(event.created_at_us for event in known)
            left_us = latest_us + LONGEST_WAIT_SECONDS * _MICRO - self._now_us()
            if left_us <= 0:
                await self._end(endings.unanswered())
            await self._news_within(left_us / _MICRO)
            begun = await self._store.wait(self._current.turn, step)
        return begun

    async def _news_within(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._current.outside.news()),
            asyncio.ensure_future(self._sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _end(self, outcome: Outcome) -> NoReturn:
        self._current.end(outcome)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


def step_of(names: Iterable[str]) -> tuple[str, int, dict[int, str]]:
    """Return the turn and the step that made calls, and their names by their places in it.

    Raises:
        UnknownCallError: One of them is no name of a call, or they are not of one step, or there are none.
    """
    places: list[tuple[QuestionPlace, str]] = []
    for name in names:
        place = place_of(name)
        if place is None:
            raise UnknownCallError("no call has such a name")
        places.append((place, name))
    steps = {(place.turn_id, place.step) for place, _ in places}
    if len(steps) != 1:
        raise UnknownCallError("these are no calls that were made at once")
    [(turn_id, step)] = steps
    return turn_id, step, {place.index: name for place, name in places}
