"""The engine: accepts prompts, runs their turns, lets any number of readers follow.

The rules: an event is committed before anybody sees it. A session runs one turn at a time, different sessions run
side by side. A reader who leaves stops nothing; cancelling does, within a second. Every turn ends with exactly one
closing message. A turn that a crash or a stop left open goes on at the next start, where it was.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robocoders.agents.budget import Ceilings
from robocoders.agents.running import Outcome, run_turn
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.engine import endings
from robocoders.engine.answering import commit_answers
from robocoders.engine.asking import CallsLeftOpenError, ClientAnswerConflictError, Sleep, UnknownCallError
from robocoders.engine.closing import Closer
from robocoders.engine.following import follow_log, only_of_turn
from robocoders.engine.hub import Hub, Item
from robocoders.engine.lanes import Lane, OpenTurn
from robocoders.engine.limits import with_user_ceilings
from robocoders.engine.performing import Performer, RunTurn
from robocoders.engine.private_workspaces import remove_private_workspace
from robocoders.engine.prompts import PromptSpec, TurnHandle
from robocoders.engine.sealing import Sandbox, Sealing
from robocoders.engine.steps_in_flight import StepsInFlight
from robocoders.engine.working import Worker
from robocoders.errors import RobocodersError
from robocoders.store import (
    Keyed,
    NewTurn,
    SessionBusyError,
    SessionRow,
    Store,
    StoredEvent,
    TurnRow,
    system_clock_us,
)
from robocoders.workspace.seal import Limits

if TYPE_CHECKING:
    from robocoders.engine.checkpoints import Checkpoints

__all__ = [
    "CallsLeftOpenError",
    "ClientAnswerConflictError",
    "Engine",
    "EngineStoppedError",
    "PromptSpec",
    "SessionBusyError",
    "TurnHandle",
    "UnknownCallError",
]

logger = logging.getLogger("robocoders.engine")

_CHECKPOINTS = "checkpoints.db"


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


class EngineStoppedError(RobocodersError):
    """The engine takes no prompts any more: its server is stopping."""


class Engine:
    """Runs the turns of one store. It belongs to one event loop, and to a store and to a process belongs one engine.

    Args:
        store: The open store.
        data_dir: Where private workspaces, search indexes and checkpoints are kept.
        default_model: The model's name for sessions that have none of their own.
        resolve_model: Makes a model of its name, called in a thread; None leaves that to the agents.
        run_turn: Runs an agent. After a crash it is called again with the same inputs, and has to make the same calls
            of what it is given in the same order; what was committed comes back instead of being done again.
        now_us: Returns the time, in UTC microseconds.
        monotonic_us: Returns the time from any beginning, in microseconds; it never goes back.
        sleep: Waits for a number of seconds.
        sandbox: What seals the commands of agents; `none` runs them bare, for throw-away containers.
        command_limits: What the commands of a turn may use.
        user_ceilings: What all turns of one user may use up together.
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
        monotonic_us: Callable[[], int] = _monotonic_us,
        sleep: Sleep = asyncio.sleep,
        sandbox: Sandbox = "bubblewrap",
        command_limits: Limits | None = None,
        user_ceilings: Ceilings | None = None,
    ) -> None:
        self._store = store
        self._user_ceilings = user_ceilings or Ceilings()
        self._default_model = default_model
        self._now_us = now_us
        self._data_dir = data_dir
        self._hub = Hub()
        self._closer = Closer(store, self._hub, now_us)
        self._in_flight = StepsInFlight()
        self._worker = Worker(
            store,
            self._hub,
            self._closer,
            Performer(store, data_dir, resolve_model, run_turn, Sealing(data_dir, sandbox, command_limits or Limits())),
            in_flight=self._in_flight,
            checkpoints=self._checkpoints,
            monotonic_us=monotonic_us,
            now_us=now_us,
            sleep=sleep,
        )
        self._opening: asyncio.Task[Checkpoints] | None = None
        self._started = asyncio.Event()
        self._lanes: dict[str, Lane] = {}
        self._accepting: set[asyncio.Task[TurnHandle]] = set()
        self._idle_since_us = now_us()
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether turns are run at once; prompts are accepted before that.

        Raises:
            StoreError: They cannot be run: their checkpoints cannot be opened.
        """
        if self._opening is None or not self._opening.done():
            return False
        self._opening.result()
        return True

    @property
    def idle_since_us(self) -> int | None:
        """Since when no turn is open, in UTC microseconds; None while one is."""
        return None if self._lanes or self._accepting else self._idle_since_us

    def waiting(self, session_id: str) -> bool:
        """Return whether the session's running turn waits for its client. A prompt that comes now ends it."""
        return any(one.outside.asked_up_to is not None for one in self._open_turns(session_id))

    def busy(self, session_id: str) -> bool:
        """Return whether the session has an open turn."""
        return session_id in self._lanes

    async def start(self) -> None:
        """Take up the turns that an earlier process left open, where they were; what they run on is made meanwhile.

        Turns of a version that kept no steps are closed with the reason `error`, so that no reader hangs.

        Raises:
            StoreError: The store cannot be read.
        """
        found = await self._store.open_turns()
        self._opening = asyncio.create_task(self._open([turn.id for turn in found]))
        self._started.set()
        for turn in found:
            session = await self._store.session(turn.session_id)
            if session is None or not turn.durable:
                await self._closer.close(turn, endings.interrupted())
            else:
                self._queue(OpenTurn(session, turn, _future(), resumes=turn.state == "running"))

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
        return await self._shielded(self._accept(session, prompt))

    async def answer(self, owner: str, results: Mapping[str, str], *, whole: bool = False) -> TurnHandle:
        """Commit what a client's tools returned and wake the turn that waits for it.

        The turn goes on when all calls that its model made at once are answered; answers to some of them are kept.
        The same answer again is none: its sender follows what the first one led to, also when the turn has ended. A
        caller who is cancelled meanwhile does not undo it.

        Args:
            owner: Who answers.
            results: What each call returned, by its `call_id`; calls that were made at once.
            whole: Refuse them where others of these calls would still be without an answer.

        Raises:
            UnknownCallError: A call was never made, or by another user's turn, or its turn has ended without an
                answer to it, or they were not made at once.
            CallsLeftOpenError: Answers are missing, and `whole` was asked for. Nothing is committed.
            ClientAnswerConflictError: A call was answered before, and otherwise. Nothing is committed.
            EngineStoppedError: The engine is stopping.
            StoreError: The answers cannot be committed.
        """
        return await self._shielded(self._take_answer(owner, results, whole=whole))

    def handle(self, turn: TurnRow, begins_after: int) -> TurnHandle:
        """Return what a reader of an earlier turn follows.

        Args:
            turn: The turn, as it is now.
            begins_after: The id after which the part of it begins that is read.
        """
        return TurnHandle(turn, existing=True, _follow=self._follow_turn, begins_after=begins_after)

    def follow(
        self, session_id: str, after: int, *, live: bool, deltas: bool = False, offset: int = 0
    ) -> AsyncGenerator[Item, None]:
        """Return the session's events after an id; with `live` it goes on until the session or the engine ends.

        Args:
            session_id: The session.
            after: The id after which to begin; 0 for all.
            live: Whether to go on with what comes.
            deltas: Whether to give the text of the event to come, too, from its beginning or the offset.
            offset: How many characters of that text the reader has had.
        """
        return follow_log(self._store, self._hub, session_id, after=after, live=live, deltas=deltas, offset=offset)

    async def cancel(self, session_id: str, up_to: int | None = None) -> bool:
        """End the session's running and waiting turns as `cancelled`; return whether there were any.

        Args:
            session_id: The session.
            up_to: Only turns up to this number; None for all.
        """
        lane = self._lanes.get(session_id)
        if lane is None:
            return False
        meant = [one for one in lane.turns if up_to is None or one.turn.number <= up_to]
        were_open = any(not one.closed for one in meant)
        await _end_all(meant, endings.cancelled())
        return were_open

    async def cancel_turn(self, turn: TurnRow) -> bool:
        """End one turn as `cancelled`; return whether it was open. Other turns of its session go on.

        One that waits behind another ends when its time comes, which is not waited for.
        """
        open_turns = self._open_turns(turn.session_id)
        meant = next((one for one in open_turns if one.turn.id == turn.id and not one.closed), None)
        if meant is None:
            return False
        meant.end(endings.cancelled())
        if meant is open_turns[0]:
            await meant.done.wait()
        return True

    async def delete_session(self, session_id: str, keyed: Keyed | None = None) -> None:
        """Cancel what is open, delete the session's prompts, events and private directory, and let its readers go.

        Args:
            session_id: The session.
            keyed: The key of the request, remembered with the deletion.

        Raises:
            KeyReusedError: The owner has used the key with another request.
        """
        await self.cancel(session_id)
        await self._store.delete_session(session_id, keyed)
        self._hub.close_session(session_id)
        # A prompt that came in between must not make the directory again.
        await self.cancel(session_id)
        await in_worker_thread(remove_private_workspace, self._data_dir, session_id)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more prompts, leave open turns to the next start, and let all readers go.

        Args:
            grace_seconds: How long steps that are being done may take to finish. A command that is cut off is not
                done again; the model hears that it was interrupted.
        """
        self._stopping = True
        if self._accepting:
            await asyncio.wait(tuple(self._accepting), timeout=grace_seconds)
        if self._lanes:
            await self._in_flight.shut(grace_seconds)
            logger.info("%d sessions have open turns; they go on at the next start", len(self._lanes))
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hub.close()
        await self._let_go()

    async def _open(self, open_turns: Collection[str]) -> Checkpoints:
        # In a thread: it takes a moment, in which the event loop would serve nobody.
        module = await in_worker_thread(importlib.import_module, "robocoders.engine.checkpoints")
        checkpoints: Checkpoints = module.Checkpoints(self._data_dir / _CHECKPOINTS)
        await checkpoints.open(open_turns)
        return checkpoints

    async def _checkpoints(self) -> Checkpoints:
        await self._started.wait()
        if self._opening is None:
            raise EngineStoppedError("the engine has stopped")
        return await asyncio.shield(self._opening)

    async def _let_go(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
            await asyncio.wait({opening})
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()

    async def _shielded(self, work: Coroutine[Any, Any, TurnHandle]) -> TurnHandle:
        if self._stopping:
            work.close()
            raise EngineStoppedError("the server is stopping and takes no prompts")
        accepting = asyncio.create_task(work)
        self._accepting.add(accepting)
        accepting.add_done_callback(self._accepted)
        return await asyncio.shield(accepting)

    async def _take_answer(self, owner: str, results: Mapping[str, str], *, whole: bool) -> TurnHandle:
        answered = await commit_answers(self._store, owner, results, whole=whole)
        self._hub.publish(answered.new)
        for one in self._open_turns(answered.turn.session_id):
            if one.turn.id == answered.turn.id:
                one.outside.wake()
        return TurnHandle(answered.turn, not answered.new, self._follow_turn, answered.begins_after)

    async def _accept(self, session: SessionRow, prompt: PromptSpec) -> TurnHandle:
        await self._closer.settle()
        begun = await self._store.begin_turn(
            NewTurn(
                session_id=session.id,
                owner=session.owner,
                agent=prompt.agent,
                model=prompt.model or session.model or self._default_model,
                prompt=prompt.prompt,
                history=prompt.history,
                limits=with_user_ceilings(session.limits, self._user_ceilings),
                key=prompt.key,
                body_hash=prompt.body_hash,
                # A turn that waits for its client is ended by a prompt, so it keeps nobody waiting.
                refuse_if_busy=prompt.if_busy_refuse and not self.waiting(session.id),
                only_continues=prompt.is_bare_continue,
                wishes=prompt.wishes,
            )
        )
        if not begun.existing:
            self._queue(OpenTurn(session, begun.turn, _future()))
        return TurnHandle(begun.turn, begun.existing, self._follow_turn, begun.turn.after_event_id)

    def _accepted(self, accepting: asyncio.Task[TurnHandle]) -> None:
        self._accepting.discard(accepting)
        if not accepting.cancelled():
            # Looked at, so that asyncio does not complain where the caller has gone.
            accepting.exception()

    def _queue(self, open_turn: OpenTurn) -> None:
        if self._is_open(open_turn.turn):
            # A prompt that comes during the start is found in the store, too.
            return
        lane = self._lanes.setdefault(open_turn.session.id, Lane())
        lane.turns.append(open_turn)
        open_turn.lane = lane.turns
        # Whoever waits for its client sees that somebody wants something else.
        lane.turns[0].outside.wake()
        if lane.task is None:
            lane.task = asyncio.create_task(self._work_off(open_turn.session.id, lane.turns))

    async def _work_off(self, session_id: str, turns: deque[OpenTurn]) -> None:
        try:
            while turns:
                await self._worker.work(turns[0])
                turns.popleft().done.set()
        finally:
            # Whatever is left where the engine stops in between goes on at the next start; nobody need wait for it.
            for open_turn in turns:
                open_turn.done.set()
            del self._lanes[session_id]
            self._idle_since_us = self._now_us()

    async def _follow_turn(self, turn: TurnRow, after: int, offset: int, *, deltas: bool) -> AsyncGenerator[Item, None]:
        known = await self._store.turn(turn.id)
        # Who claims to have read what is not there yet must not miss the end of the turn.
        begin = max(min(after, await self._store.last_event_id(turn.session_id)), turn.after_event_id)
        offset = offset if after <= begin else 0
        # From here to the reader's subscription nothing is awaited: a last word in between would reach nobody.
        last_word = self._closer.last_word(turn.id)
        # A turn that is not open here has ended, and all of it is in the log.
        live = self._is_open(turn) and last_word is None
        if not live and known is not None and known.last_event_id is not None and after >= known.last_event_id:
            return
        items = self.follow(turn.session_id, begin, live=live, deltas=deltas, offset=offset)
        async with aclosing(items), aclosing(only_of_turn(items, turn.id, told=begin + 1 if offset else 0)) as own:
            async for item in own:
                if not isinstance(item, StoredEvent) or item.id > after or not item.id:
                    yield item
                if isinstance(item, StoredEvent) and item.closes_turn:
                    return
        if last_word is not None:
            yield last_word

    def _is_open(self, turn: TurnRow) -> bool:
        return any(one.turn.id == turn.id for one in self._open_turns(turn.session_id))

    def _open_turns(self, session_id: str) -> Sequence[OpenTurn]:
        lane = self._lanes.get(session_id)
        return () if lane is None else tuple(lane.turns)


async def _end_all(open_turns: list[OpenTurn], outcome: Outcome) -> None:
    for open_turn in open_turns:
        open_turn.end(outcome)
    for open_turn in open_turns:
        await open_turn.done.wait()


def _future() -> asyncio.Future[Outcome]:
    return asyncio.get_running_loop().create_future()
