"""What the engine keeps on every database, as tests that can be run on any.

A subclass opens its database in `open_store`; each method whose name begins with `test_` is a test of its own, on a
database of its own, and fails by an assertion. An engine that is stopped leaves its turns as a kill does, so a second
one over the same database stands for the next start of a killed server.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from robocoders.agents.running import Emit, Live, Outcome, StepResult, TurnInput
from robocoders.engine.performing import RunTurn
from robocoders.engine.runner import Engine, PromptSpec, TurnHandle
from robocoders.events import MessageAction, MessageArgs, RunAction, RunArgs, RunExtras, RunObservation
from robocoders.store import KeyReusedError, LiveReset, LiveText, SessionBusyError, SessionRow, Store, StoredEvent

__all__ = ["EngineConformance", "Scene"]

_PATIENCE_SECONDS = 30.0
_KEY = "key"


class Scene:
    """An agent in three acts: it says something, does a step, and answers. A test says where it is held up.

    Args:
        hold: `speech`, `step` or nothing: where it waits, in the middle, until it is cancelled or `go_on` is set.

    Attributes:
        held: Set when it waits.
        go_on: Set to let it go on.
        done: Every step's work that was begun, by its argument.
        repeatable: Whether its step only reads.
    """

    def __init__(self, hold: str = "", *, repeatable: bool = False) -> None:
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.done: list[str] = []
        self.repeatable = repeatable
        self._hold = hold

    async def __call__(self, turn: TurnInput, emit: Emit) -> Outcome:
        """Play."""
        assert turn.steps is not None, "an engine's turn has steps"
        await emit(MessageAction(message="First I say.", args=MessageArgs(content="First I say.")))

        async def work(_action_id: int, live: Live) -> StepResult:
            self.done.append(turn.prompt)
            await live.write("some ")
            await self._wait("step", live)
            await live.write("output")
            observation = RunObservation(content="some output", extras=RunExtras(command="act"))
            return StepResult(observation=observation, text="some output", data={"said": "some output"})

        action = RunAction(message="Then I act.", args=RunArgs(command="act"))
        result = await turn.steps.run("act", {"prompt": turn.prompt}, action, work, repeatable=self.repeatable)
        await turn.live.withdraw()
        await turn.live.write("The answer ")
        await self._wait("speech", turn.live)
        await turn.live.write("to it all.")
        await turn.live.flush()
        return Outcome(reason="finished", text="The answer to it all.", extras={"step": result.text})

    async def _wait(self, place: str, live: Live) -> None:
        if self._hold == place:
            await live.flush()
            self.held.set()
            await self.go_on.wait()


class EngineConformance(ABC):
    """The rules; see the module."""

    @abstractmethod
    async def open_store(self) -> Store:
        """Open the database of this object: a new one the first time, the same one every other time."""

    @abstractmethod
    def data_dir(self) -> Path:
        """Return the directory for all else that engines over this database keep."""

    @asynccontextmanager
    async def _playing(self, run_turn: RunTurn) -> AsyncGenerator[tuple[Engine, Store]]:
        store = await self.open_store()
        engine = Engine(store, data_dir=self.data_dir(), default_model="offline", run_turn=run_turn)
        try:
            await engine.start()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                yield engine, store
        finally:
            await engine.stop(0)
            await store.close()

    async def test_a_turn_is_its_events_and_one_closing_message(self) -> None:
        """What an agent does is in the log in its order, and one closing message is last."""
        async with self._playing(Scene()) as (engine, store):
            events = await _events(await _submit(engine, store))
        assert [event.id for event in events] == [1, 2, 3, 4]
        assert [event.closes_turn for event in events] == [False, False, False, True]
        assert _object(events[2])["cause"] == 2
        assert _texts(events) == ["First I say.", "Then I act.", "", "The answer to it all."]

    async def test_turns_of_a_session_run_one_after_the_other(self) -> None:
        """Prompts of a session wait for each other, in the order they came; whoever will not wait is refused."""
        scene = Scene("step")
        async with self._playing(scene) as (engine, store):
            handles = [await _submit(engine, store, prompt, key="") for prompt in "abc"]
            await scene.held.wait()
            assert scene.done == ["a"]
            try:
                await engine.submit(await _session(store), PromptSpec("d", "RepoAgent", if_busy_refuse=True))
            except SessionBusyError:
                scene.go_on.set()
            answers = [await _events(handle) for handle in handles]
        assert scene.done == ["a", "b", "c"]
        assert [event.id for events in answers for event in events] == list(range(1, 13))

    async def test_a_key_runs_a_prompt_once(self) -> None:
        """However often a prompt comes with its key it runs once, and each sender gets the same bytes."""
        scene = Scene("speech")
        async with self._playing(scene) as (engine, store):
            early = [await _submit(engine, store) for _ in range(5)]
            readers = [asyncio.create_task(_events(handle)) for handle in early]
            await scene.held.wait()
            scene.go_on.set()
            answers = [await reader for reader in readers] + [await _events(await _submit(engine, store))]
        assert scene.done == ["Why?"]
        assert all(answer == answers[0] for answer in answers)

    async def test_a_key_belongs_to_one_prompt(self) -> None:
        """The same key with another body is refused, and nothing runs."""
        scene = Scene()
        async with self._playing(scene) as (engine, store):
            await _events(await _submit(engine, store))
            try:
                await engine.submit(await _session(store), PromptSpec("Else?", "RepoAgent", key=_KEY, body_hash="else"))
            except KeyReusedError:
                pass
            else:
                raise AssertionError("the key was taken for another prompt")
        assert scene.done == ["Why?"]

    async def test_a_turn_goes_on_at_the_next_start(self) -> None:
        """A turn that was left open goes on where it was: nothing is said twice, no finished step is done again."""
        first, second = Scene("speech"), Scene()
        async with self._playing(first) as (engine, store):
            await _submit(engine, store)
            before = await _so_far(engine, first.held)
        async with self._playing(second) as (engine, store):
            after = await _events(await _submit(engine, store))
        assert (first.done, second.done) == (["Why?"], [])
        assert after[: len(before)] == before
        assert [event.id for event in after] == [1, 2, 3, 4]
        assert _object(after[3])["args"]["extras"]["step"] == "some output"

    async def test_waiting_turns_run_at_the_next_start(self) -> None:
        """Prompts that waited when a server was killed run after it, in their order."""
        first, second = Scene("step"), Scene()
        async with self._playing(first) as (engine, store):
            for prompt in "abc":
                await _submit(engine, store, prompt, key=prompt)
            await first.held.wait()
        async with self._playing(second) as (engine, store):
            answers = [await _events(await _submit(engine, store, prompt, key=prompt)) for prompt in "abc"]
        assert second.done == ["b", "c"]
        assert [event.id for events in answers for event in events] == list(range(1, 13))

    async def test_a_step_that_was_cut_off_is_not_done_again(self) -> None:
        """A step that was being done is done at most once, and reported as interrupted with its output so far."""
        first, second = Scene("step"), Scene()
        async with self._playing(first) as (engine, store):
            await _submit(engine, store)
            await first.held.wait()
        async with self._playing(second) as (engine, store):
            events = await _events(await _submit(engine, store))
        assert (first.done, second.done) == (["Why?"], [])
        told = _object(events[2])
        assert told["observation"] == "error"
        assert "Interrupted" in told["content"]
        assert "some " in told["content"]
        assert "Interrupted" in _object(events[3])["args"]["extras"]["step"]

    async def test_a_step_that_only_reads_is_done_again(self) -> None:
        """A step that was cut off and only reads is simply done again."""
        first, second = Scene("step", repeatable=True), Scene(repeatable=True)
        async with self._playing(first) as (engine, store):
            await _submit(engine, store)
            await first.held.wait()
        async with self._playing(second) as (engine, store):
            events = await _events(await _submit(engine, store))
        assert (first.done, second.done) == (["Why?"], ["Why?"])
        assert _object(events[2])["content"] == "some output"

    async def test_text_is_shown_while_it_comes(self) -> None:
        """Live text names the event to come, is in the store before it is seen, and is what the event says."""
        scene = Scene("speech")
        async with self._playing(scene) as (engine, store):
            handle = await _submit(engine, store)
            async with aclosing(handle.events(deltas=True)) as items:
                seen = [await anext(items) for _ in range(5)]
                assert isinstance(seen[-1], LiveText)
                kept = await store.live_text("session-1")
                assert kept is not None
                assert kept.text.startswith(seen[-1].text)
                scene.go_on.set()
                seen += [item async for item in items]
            assert await store.live_text("session-1") is None
        said = "".join(item.text for item in seen if isinstance(item, LiveText) and item.event_id == 4)
        assert said == "The answer to it all."
        assert [item.id for item in seen if isinstance(item, StoredEvent)] == [1, 2, 3, 4]

    async def test_half_an_answer_is_withdrawn(self) -> None:
        """A reader who has text that is said anew is told that it counts no more, also by the next server."""
        first, second = Scene("speech"), Scene()
        async with self._playing(first) as (engine, store):
            await _submit(engine, store)
            await first.held.wait()
        async with self._playing(second) as (engine, store):
            handle = await _submit(engine, store)
            async with aclosing(handle.events(after=3, deltas=True, offset=len("The answer "))) as items:
                seen = [item async for item in items]
        shown = "The answer "
        for item in seen[:-1]:
            shown = "" if isinstance(item, LiveReset) else shown + (item.text if isinstance(item, LiveText) else "")
        assert isinstance(seen[-1], StoredEvent)
        assert _texts([seen[-1]]) == ["The answer to it all."]
        assert "The answer to it all.".startswith(shown)

    async def test_a_reader_goes_on_from_any_place(self) -> None:
        """After any id a reader gets exactly the rest, of a running turn and of one that has ended."""
        scene = Scene("speech")
        async with self._playing(scene) as (engine, store):
            handle = await _submit(engine, store)
            await scene.held.wait()
            readers = [asyncio.create_task(_events(handle, after=after)) for after in range(5)]
            scene.go_on.set()
            live = [[event.id for event in await reader] for reader in readers]
            again = [[event.id for event in await _events(handle, after=after)] for after in range(5)]
        assert live == again == [[1, 2, 3, 4], [2, 3, 4], [3, 4], [4], []]

    async def test_cancelling_ends_a_turn_for_good(self) -> None:
        """A cancelled turn ends as such, within a second, and no later start takes it up again."""
        first, second = Scene("step"), Scene()
        async with self._playing(first) as (engine, store):
            handle = await _submit(engine, store)
            await first.held.wait()
            async with asyncio.timeout(1):
                assert await engine.cancel("session-1")
            events = await _events(handle)
            assert _object(events[-1])["args"]["extras"]["reason"] == "cancelled"
            assert not await engine.cancel("session-1")
        async with self._playing(second) as (engine, store):
            assert await _events(await _submit(engine, store)) == events
            assert not engine.busy("session-1")
        assert second.done == []

    async def test_a_late_wish_to_cancel_spares_later_turns(self) -> None:
        """Only turns up to the number that was meant are cancelled."""
        scene = Scene("step")
        async with self._playing(scene) as (engine, store):
            handle = await _submit(engine, store)
            await scene.held.wait()
            assert not await engine.cancel("session-1", handle.turn.number - 1)
            assert engine.busy("session-1")
            assert await engine.cancel("session-1", handle.turn.number)


async def _session(store: Store) -> SessionRow:
    return await store.get_or_create_session(
        SessionRow(
            id="session-1",
            owner="owner",
            workspace_kind="private",
            workspace_ref=None,
            model=None,
            limits={},
            created_at_us=0,
        )
    )


async def _submit(engine: Engine, store: Store, prompt: str = "Why?", key: str = _KEY) -> TurnHandle:
    spec = PromptSpec(prompt, "RepoAgent", key=key or None, body_hash=prompt)
    return await engine.submit(await _session(store), spec)


async def _events(handle: TurnHandle, *, after: int = 0) -> list[StoredEvent]:
    async with asyncio.timeout(_PATIENCE_SECONDS), aclosing(handle.events(after=after)) as items:
        return [item async for item in items if isinstance(item, StoredEvent)]


async def _so_far(engine: Engine, held: asyncio.Event) -> list[StoredEvent]:
    """What is in the log when the agent is held up."""
    await held.wait()
    async with aclosing(engine.follow("session-1", 0, live=False)) as items:
        return [item async for item in items if isinstance(item, StoredEvent)]


def _object(event: StoredEvent) -> dict[str, Any]:
    return json.loads(event.body)


def _texts(events: Sequence[StoredEvent]) -> list[str]:
    return [str(_object(event).get("message", "")) for event in events]
