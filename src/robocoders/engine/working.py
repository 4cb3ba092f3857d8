"""One open turn, from its place at the head of its lane to its closing message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from robocoders.agents.running import Outcome
from robocoders.engine import endings
from robocoders.engine.accounts import InFlight, TurnAccount
from robocoders.engine.asking import Sleep, Waiter
from robocoders.engine.closing import Closer
from robocoders.engine.emitting import Emitter
from robocoders.engine.hub import Hub
from robocoders.engine.lanes import OpenTurn
from robocoders.engine.limits import session_ceilings, user_ceilings
from robocoders.engine.live_writing import LiveWriter
from robocoders.engine.performing import Performer, Traces
from robocoders.engine.steps import TurnSteps
from robocoders.engine.steps_in_flight import StepsInFlight
from robocoders.store import Store

if TYPE_CHECKING:
    from robocoders.engine.checkpoints import Checkpoints

__all__ = ["Worker"]

logger = logging.getLogger("robocoders.engine")

_WIND_DOWN_SECONDS = 0.5
"""How long an agent that is stopped may tidy up; the turn ends without it then."""


class Worker:
    """Works on turns, each as a durable workflow.

    Args:
        store: Where the log is.
        hub: Whom to tell.
        closer: Writes closing messages.
        performer: Performs turns.
        in_flight: Where steps that are being done are counted.
        checkpoints: Waits for the workflows to be ready and returns them.
        monotonic_us: Returns the time from any beginning, in microseconds; it never goes back.
        now_us: Returns the time, in UTC microseconds.
        sleep: Waits for a time.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        closer: Closer,
        performer: Performer,
        *,
        in_flight: StepsInFlight,
        checkpoints: Callable[[], Awaitable[Checkpoints]],
        monotonic_us: Callable[[], int],
        now_us: Callable[[], int],
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._hub = hub
        self._closer = closer
        self._performer = performer
        self._in_flight = in_flight
        self._checkpoints = checkpoints
        self._monotonic_us = monotonic_us
        self._now_us = now_us
        self._sleep = sleep
        self._in_flight_spending = InFlight()

    async def work(self, current: OpenTurn) -> None:
        """Run a turn until its closing message is out.

        Cancelled from outside, it leaves the turn open: whoever starts next takes it up where it was.
        """
        if not current.stop.done():
            live = LiveWriter(self._store, self._hub, current.turn, resumes=current.resumes)
            emitter = Emitter(self._store, self._hub, current.turn, live)
            running = asyncio.create_task(self._run(current, emitter, live))
            try:
                await asyncio.wait({running, current.stop}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                closing = asyncio.create_task(emitter.close())
                await _wind_down(running)
                await closing
                await current.place.close()
                if current.account is not None:
                    current.account.release()
                if current.clock is not None:
                    current.clock.cancel()
        if current.stop.done() and not current.closed:
            await self._close(current, current.stop.result())
            if current.resumes or current.began:
                await (await self._checkpoints()).forget(current.turn.id)

    async def _run(self, current: OpenTurn, emitter: Emitter, live: LiveWriter) -> None:
        turn = current.turn
        try:
            checkpoints = await self._checkpoints()
            await self._store.mark_running(turn.id)
            account = current.account = TurnAccount(
                self._store,
                turn,
                current.session.owner,
                in_flight=self._in_flight_spending,
                checkpointed=checkpoints.step,
                monotonic_us=self._monotonic_us,
            )
            await self._watch_time(current, account)
            waiter = Waiter(
                self._store,
                current,
                now_us=self._now_us,
                sleep=self._sleep,
                standing_still=lambda: self._standing_still(current, account),
            )
            steps = TurnSteps(
                self._store,
                self._hub,
                turn,
                live,
                checkpointed=checkpoints.step,
                in_flight=self._in_flight,
                waiter=waiter,
            )
            traces = Traces(
                emitter.emit, steps, live, checkpoints.capabilities(), account, current.transcript, current.place
            )

            async def perform() -> None:
                outcome = await self._outcome(current, traces)
                await emitter.close()
                # What a command left running ends with the turn, before anybody is told of that.
                await current.place.close()
                # Inside the workflow: one that has ended has its closing message.
                await self._close(current, outcome)

            current.began = True
            await checkpoints.perform(turn.id, perform, resumes=current.resumes)
        except Exception as error:  # noqa: BLE001 - the turn cannot be begun; it must end all the same
            await self._close(current, endings.failed(error))

    async def _close(self, current: OpenTurn, outcome: Outcome) -> None:
        # What was asked from outside counts, whatever the agent made of being cancelled.
        outcome = current.stop.result() if current.stop.done() else outcome
        if outcome.messages is None:
            outcome = replace(outcome, messages=current.transcript.settled())
        spending = None
        if current.account is not None:
            outcome, spending = current.account.settle(outcome)
        elif not outcome.usage:
            outcome = replace(outcome, usage=current.turn.usage, cost_micro_usd=current.turn.cost_micro_usd)
        await self._closer.close(current.turn, outcome, spending)
        current.closed = True

    async def _watch_time(self, current: OpenTurn, account: TurnAccount) -> None:
        """See to it that the turn ends when its session, or its user, has no time left, whatever it is doing then."""
        limits = current.turn.limits
        left = await account.time_left(session_ceilings(limits), user_ceilings(limits))
        if left is not None:
            seconds, end = left
            current.clock = asyncio.get_running_loop().call_later(seconds, current.end, endings.spent(end))

    @asynccontextmanager
    async def _standing_still(self, current: OpenTurn, account: TurnAccount) -> AsyncGenerator[None]:
        """Count no time for the turn inside."""
        account.pause()
        if current.clock is not None:
            current.clock.cancel()
        try:
            yield
        finally:
            account.resume()
        await self._watch_time(current, account)

    async def _outcome(self, current: OpenTurn, traces: Traces) -> Outcome:
        try:
            return await self._performer.perform(current.session, current.turn, traces)
        except Exception as error:  # noqa: BLE001 - the one place where any error at all ends a turn, not the server
            return endings.failed(error)


async def _wind_down(running: asyncio.Task[None]) -> None:
    """Cancel what still runs and give it a moment; what does not listen is left alone, and can write nothing more."""
    if running.done():
        _look_at(running)
        return
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=_WIND_DOWN_SECONDS)
    if not done:
        logger.warning("An agent goes on although its turn was stopped; nothing of it is kept")
    running.add_done_callback(_look_at)


def _look_at(running: asyncio.Task[None]) -> None:
    if not running.cancelled():
        running.exception()
