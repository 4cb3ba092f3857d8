"""What the tests of the engine play with: agents that follow a script, and a stage for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.hub import Item
from robocoders.engine.performing import RunTurn
from robocoders.engine.runner import Engine, PromptSpec, TurnHandle
from robocoders.store import SessionRow, Store, StoredEvent
from robocoders.wire.protocol import Reason
from tests.store.scenes import Clock, saying, session_row

PATIENCE_SECONDS = 30


class Stage:
    """A store and the engine over it, made when it is first used or by `play`."""

    def __init__(self, store: Store, clock: Clock, data_dir: Path) -> None:
        self.store = store
        self.clock = clock
        self.data_dir = data_dir
        self._engine: Engine | None = None
        self._started: list[Engine] = []

    def play(self, run_turn: RunTurn, *, resolve_model: Callable[[str], Any] | None = None) -> Engine:
        """The engine, with this agent; it is started with its first prompt, when an earlier one has been stopped."""
        self._engine = Engine(
            self.store,
            data_dir=self.data_dir,
            default_model="offline",
            resolve_model=resolve_model,
            run_turn=run_turn,
            now_us=self.clock,
        )
        return self._engine

    @property
    def engine(self) -> Engine:
        return self._engine if self._engine is not None else self.play(echo)

    async def start(self) -> Engine:
        """The engine, started; there is one at a time."""
        engine = self.engine
        if engine not in self._started:
            for earlier in self._started:
                await earlier.stop(PATIENCE_SECONDS)
            self._started = [engine]
            await engine.start()
        return engine

    async def session(self, session_id: str = "session-1", **changes: Any) -> SessionRow:
        return await self.store.get_or_create_session(replace(session_row(session_id), **changes))

    async def submit(self, prompt: str = "Why?", session_id: str = "session-1", **spec: Any) -> TurnHandle:
        engine = await self.start()
        return await engine.submit(await self.session(session_id), PromptSpec(prompt=prompt, agent="RepoAgent", **spec))

    async def ask(self, prompt: str = "Why?", session_id: str = "session-1", **spec: Any) -> list[StoredEvent]:
        """The whole answer to a prompt."""
        return await everything(await self.submit(prompt, session_id, **spec))

    async def leave(self) -> None:
        for engine in self._started:
            await engine.stop(PATIENCE_SECONDS)


async def everything(handle: TurnHandle) -> list[StoredEvent]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [event async for event in handle.events() if isinstance(event, StoredEvent)]


async def first(events: AsyncIterator[Item]) -> StoredEvent:
    async with asyncio.timeout(PATIENCE_SECONDS):
        event = await anext(events)
    assert isinstance(event, StoredEvent)
    return event


async def ids_of(items: AsyncIterator[Item]) -> list[int]:
    """The ids of all events that come."""
    return [item.id async for item in items if isinstance(item, StoredEvent)]


def reason_of(event: StoredEvent) -> str:
    return str(json.loads(event.body)["args"]["extras"]["reason"])


def text_of(event: StoredEvent) -> str:
    return str(json.loads(event.body)["message"])


async def echo(turn: TurnInput, emit: Emit) -> Outcome:
    """An agent that says the prompt, then ends with it."""
    await emit(saying(turn.prompt))
    return Outcome(reason=Reason.FINISHED, text=f"You said: {turn.prompt}")


class Held:
    """An agent that says it has begun, then waits to be released.

    Args:
        answer: What it ends with; empty for a word about its release.

    Attributes:
        begun: The prompts it has begun with, in order.
        ended: The prompts it was cancelled or released in.
    """

    def __init__(self, answer: str = "") -> None:
        self._answer = answer
        self.begun: list[str] = []
        self.ended: list[str] = []
        self._began = asyncio.Condition()
        self._released = asyncio.Event()

    async def __call__(self, turn: TurnInput, emit: Emit) -> Outcome:
        await emit(saying(f"begun: {turn.prompt}"))
        async with self._began:
            self.begun.append(turn.prompt)
            self._began.notify_all()
        try:
            await self._released.wait()
        finally:
            self.ended.append(turn.prompt)
        return Outcome(reason=Reason.FINISHED, text=self._answer or f"released: {turn.prompt}")

    async def wait_for(self, count: int) -> None:
        """Wait until so many turns have begun."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._began:
            await self._began.wait_for(lambda: len(self.begun) >= count)

    def release(self) -> None:
        self._released.set()
