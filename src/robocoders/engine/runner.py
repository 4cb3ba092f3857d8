"""The engine: accepts prompts, runs their turns, lets any number of readers follow.

The rules: an event is committed before anybody sees it. A session runs one turn at a time, different sessions run
side by side. A reader who leaves stops nothing; cancelling does, within a second. Every turn ends with exactly one
closing message, and one that a crash left open gets it at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from robocoders.agents.running import Outcome, run_turn
from robocoders.engine import endings
from robocoders.engine.closing import Closer
from robocoders.engine.emitting import Emitter
from robocoders.engine.following import follow_log
from robocoders.engine.hub import Hub
from robocoders.engine.lanes import Lane, OpenTurn
from robocoders.engine.performing import Performer, RunTurn
from robocoders.engine.private_workspaces import remove_private_workspace
from robocoders.engine.prompts import PromptSpec, TurnHandle
from robocoders.errors import RobocodersError
from robocoders.store import NewTurn, SessionBusyError, SessionRow, Store, StoredEvent, TurnRow, system_clock_us

__all__ = ["Engine", "EngineStoppedError", "PromptSpec", "SessionBusyError", "TurnHandle"]

logger = logging.getLogger("robocoders.engine")

_WIND_DOWN_SECONDS = 0.5
"""How long an agent that is stopped may tidy up; the turn ends without it then."""


class EngineStoppedError(RobocodersError):
    """The engine takes no prompts any more: its server is stopping."""


class Engine:
    """Runs the turns of one store. It belongs to one event loop, and to a store belongs one engine.

    Args:
        store: The open store.
        data_dir: Where private workspaces and search indexes are kept.
        default_model: The model's name for sessions that have none of their own.
        resolve_model: Makes a model of its name, called in a thread; None leaves that to the agents.
        run_turn: Runs an agent.
        now_us: Returns the time, in UTC microseconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        data_dir: Path,
        default_model: str,
        resolve_model: Callable[[str], Any] | None = None,
        run_turn: RunTurn = run_turn,
        now_us: Callable[[], int] = system_clock_us,
    ) -> None:
        self._store = store
        self._default_model = default_model
        self._now_us = now_us
        self._data_dir = data_dir
        self._performer = Performer(store, data_dir, resolve_model, run_turn)
        self._hub = Hub()
        self._closer = Closer(store, self._hub, now_us)
        self._lanes: dict[str, Lane] = {}
        self._accepting: set[asyncio.Task[TurnHandle]] = set()
        self._idle_since_us = now_us()
        self._stopping = False

    @property
    def idle_since_us(self) -> int | None:
        """Since when no turn is open, in UTC microseconds; None while one is."""
        return None if self._lanes or self._accepting else self._idle_since_us

    def busy(self, session_id: str) -> bool:
        """Return whether the session has an open turn."""
        return session_id in self._lanes

    async def start(self) -> None:
        """Close the turns that an earlier process left open, with the reason `error`, so that no reader hangs.

        Raises:
            StoreError: The store cannot be read.
        """
        for turn in await self._store.open_turns():
            await self._closer.close(turn, endings.interrupted())

    async def submit(self, session: SessionRow, prompt: PromptSpec) -> TurnHandle:
        """Accept a prompt; it runs once, however often it comes with the same key.

        A caller who is cancelled meanwhile does not undo it.

        Raises:
            KeyReusedError: The owner has used the key with another body.
            SessionBusyError: A turn is open and the prompt would not wait.
            SessionGoneError: The session was deleted.
            EngineStoppedError: The engine is stopping.
            StoreError: The prompt cannot be committed.
        """
        if self._stopping:
            raise EngineStoppedError("the server is stopping and takes no prompts", session_id=session.id)
        accepting = asyncio.create_task(self._accept(session, prompt))
        self._accepting.add(accepting)
        accepting.add_done_callback(self._accepted)
        return await asyncio.shield(accepting)

    def follow(self, session_id: str, after: int, *, live: bool) -> AsyncGenerator[StoredEvent, None]:
        """Return the session's events after an id; with `live` it goes on until the session or the engine ends."""
        return follow_log(self._store, self._hub, session_id, after=after, live=live)

    async def cancel(self, session_id: str) -> bool:
        """End the session's running and waiting turns as `cancelled`; return whether there were any."""
        lane = self._lanes.get(session_id)
        if lane is None:
            return False
        await _end_all(tuple(lane.turns), endings.cancelled())
        return True

    async def delete_session(self, session_id: str) -> None:
        """Cancel what is open, delete the session's prompts, events and private directory, and let its readers go."""
        await self.cancel(session_id)
        await self._store.delete_session(session_id)
        self._hub.close_session(session_id)
        # A prompt that came in between must not make the directory again.
        await self.cancel(session_id)
        await asyncio.to_thread(remove_private_workspace, self._data_dir, session_id)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more prompts, end open turns with the reason `error`, and let all readers go.

        Args:
            grace_seconds: How long open turns may take to write their closing message; what is open then is closed
                at the next start.
        """
        self._stopping = True
        try:
            async with asyncio.timeout(grace_seconds):
                if self._accepting:
                    await asyncio.wait(tuple(self._accepting))
                open_turns = [turn for lane in self._lanes.values() for turn in lane.turns]
                await _end_all(open_turns, endings.stopped())
        except TimeoutError:
            logger.warning(
                "The server stops with %d open sessions; they are closed at the next start", len(self._lanes)
            )
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hub.close()

    async def _accept(self, session: SessionRow, prompt: PromptSpec) -> TurnHandle:
        await self._closer.settle()
        begun = await self._store.begin_turn(
            NewTurn(
                session_id=session.id,
                owner=session.owner,
                agent=prompt.agent,
                model=session.model or self._default_model,
                prompt=prompt.prompt,
                history=prompt.history,
                limits=session.limits,
                key=prompt.key,
                body_hash=prompt.body_hash,
                refuse_if_busy=prompt.if_busy_refuse,
            )
        )
        if not begun.existing:
            stop: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._queue(OpenTurn(session, begun.turn, prompt, stop))
        return TurnHandle(begun.turn, begun.existing, self._follow_turn)

    def _accepted(self, accepting: asyncio.Task[TurnHandle]) -> None:
        self._accepting.discard(accepting)
        if not accepting.cancelled():
            # Looked at, so that asyncio does not complain where the caller has gone.
            accepting.exception()

    def _queue(self, open_turn: OpenTurn) -> None:
        lane = self._lanes.setdefault(open_turn.session.id, Lane())
        lane.turns.append(open_turn)
        if lane.task is None:
            lane.task = asyncio.create_task(self._work_off(open_turn.session.id, lane.turns))

    async def _work_off(self, session_id: str, turns: deque[OpenTurn]) -> None:
        try:
            while turns:
                outcome = await self._outcome(turns[0])
                await self._closer.close(turns[0].turn, outcome)
                turns.popleft().done.set()
        finally:
            # Whatever is left where the engine stops in between is closed at the next start; nobody need wait for it.
            for open_turn in turns:
                open_turn.done.set()
            del self._lanes[session_id]
            self._idle_since_us = self._now_us()

    async def _outcome(self, current: OpenTurn) -> Outcome:
        if current.stop.done():
            return current.stop.result()
        emitter = Emitter(self._store, self._hub, current.turn)
        work = asyncio.create_task(self._performer.perform(current.session, current.turn, current.prompt, emitter.emit))
        try:
            await asyncio.wait({work, current.stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return _result(work)
            return current.stop.result()
        finally:
            closing = asyncio.create_task(emitter.close())
            await _wind_down(work)
            await closing

    async def _follow_turn(self, turn: TurnRow) -> AsyncIterator[StoredEvent]:
        last_word = self._closer.last_word(turn.id)
        # A turn that is not open here has ended, and all of it is in the log.
        live = self.busy(turn.session_id) and last_word is None
        async with aclosing(self.follow(turn.session_id, turn.after_event_id, live=live)) as events:
            async for event in events:
                if event.turn_id == turn.id:
                    yield event
                    if event.closes_turn:
                        return
        if last_word is not None:
            yield last_word


async def _end_all(open_turns: list[OpenTurn] | tuple[OpenTurn, ...], outcome: Outcome) -> None:
    for open_turn in open_turns:
        open_turn.end(outcome)
    for open_turn in open_turns:
        await open_turn.done.wait()


def _result(work: asyncio.Task[Outcome]) -> Outcome:
    if work.cancelled():
        return endings.failed(asyncio.CancelledError())
    # The one place where any error at all ends a turn rather than the server.
    error = work.exception()
    return work.result() if error is None else endings.failed(error)


async def _wind_down(work: asyncio.Task[Outcome]) -> None:
    """Cancel the agent and give it a moment; one that does not listen is left alone, and can write nothing more."""
    work.cancel()
    done, _ = await asyncio.wait({work}, timeout=_WIND_DOWN_SECONDS)
    if not done:
        logger.warning("An agent goes on although its turn was stopped; nothing of it is kept")
        work.add_done_callback(_look_at)
    else:
        _look_at(work)


def _look_at(work: asyncio.Task[Outcome]) -> None:
    if not work.cancelled():
        work.exception()
