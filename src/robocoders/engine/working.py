"""One open turn, from its place at the head of its lane to its closing message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from robocoders.agents.running import Outcome
from robocoders.engine import endings
from robocoders.engine.closing import Closer
from robocoders.engine.emitting import Emitter
from robocoders.engine.hub import Hub
from robocoders.engine.lanes import OpenTurn
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
    ) -> None:
        self._store = store
        self._hub = hub
        self._closer = closer
        self._performer = performer
        self._in_flight = in_flight
        self._checkpoints = checkpoints

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
        if current.stop.done() and not current.closed:
            await self._close(current, current.stop.result())
            if current.resumes or current.began:
                await (await self._checkpoints()).forget(current.turn.id)

    async def _run(self, current: OpenTurn, emitter: Emitter, live: LiveWriter) -> None:
        turn = current.turn
        try:
            checkpoints = await self._checkpoints()
            await self._store.mark_running(turn.id)
            steps = TurnSteps(
                self._store, self._hub, turn, live, checkpointed=checkpoints.step, in_flight=self._in_flight
            )
            traces = Traces(emitter.emit, steps, live, checkpoints.capabilities())

            async def perform() -> None:
                outcome = await self._outcome(current, traces)
                await emitter.close()
                # Inside the workflow: one that has ended has its closing message.
                await self._close(current, outcome)

            current.began = True
            await checkpoints.perform(turn.id, perform, resumes=current.resumes)
        except Exception as error:  # noqa: BLE001 - the turn cannot be begun; it must end all the same
            await self._close(current, endings.failed(error))

    async def _close(self, current: OpenTurn, outcome: Outcome) -> None:
        # What was asked from outside counts, whatever the agent made of being cancelled.
        await self._closer.close(current.turn, current.stop.result() if current.stop.done() else outcome)
        current.closed = True

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
