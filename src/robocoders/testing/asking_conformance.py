"""What the engine keeps on every database when a turn asks its client: see `engine_conformance`."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.agents.steps import ClientCall
from robocoders.engine.runner import ClientAnswerConflictError, Engine, PromptSpec, TurnHandle, UnknownCallError
from robocoders.store import NewTurn, SessionRow, Store, StoredEvent

__all__ = ["AskingConformance", "Errand"]

_PATIENCE_SECONDS = 30.0
_SESSION = "session-1"
_OWNER = "owner"


class Errand:
    """An agent that asks its client for all it knows: a prompt's words are calls, `/` parts what is asked at once.

    It ends with all results. A prompt without a word ends at once.
    """

    async def __call__(self, turn: TurnInput, _emit: Emit) -> Outcome:
        """Run it."""
        assert turn.steps is not None, "an engine's turn has steps"
        results: list[str] = []
        for number, part in enumerate(turn.prompt.split("/"), start=1):
            calls = [ClientCall(word, json.dumps({"for": word})) for word in part.split()]
            if calls:
                results += await turn.steps.ask_client(calls, {"requests": number})
        return Outcome(reason="finished", text=" ".join(results) or "Nothing to ask.")


class AskingConformance(ABC):
    """The rules; see the module."""

    @abstractmethod
    async def open_store(self) -> Store:
        """Open the database of this object: a new one the first time, the same one every other time."""

    @abstractmethod
    def data_dir(self) -> Path:
        """Return the directory for all else that engines over this database keep."""

    @asynccontextmanager
    async def _running_errands(self) -> AsyncGenerator[tuple[Engine, Store]]:
        store = await self.open_store()
        engine = Engine(store, data_dir=self.data_dir(), default_model="offline", run_turn=Errand())
        try:
            await engine.start()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                yield engine, store
        finally:
            await engine.stop(_PATIENCE_SECONDS)
            await store.close()

    async def test_a_client_is_asked_and_its_answer_goes_on_in_the_same_turn(self) -> None:
        """Calls that are made at once come together, with what was used up; the results are the turn's, too."""
        async with self._running_errands() as (engine, store):
            handle = await _submit(engine, store, "red blue/green")
            assert not handle.existing
            red, blue = await _asked(handle)
            for index, (call, name) in enumerate(((red, "red"), (blue, "blue"))):
                assert _args(call) == {
                    "name": name,
                    "arguments": json.dumps({"for": name}),
                    "call_id": _id(call),
                    "index": index,
                    "of": 2,
                    "usage": {"requests": 1} if index else {},
                }
            await _waits(engine, store)
            answered = await engine.answer(_OWNER, {_id(blue): "B", _id(red): "R"})
            assert (answered.turn.id, answered.begins_after, answered.existing) == (handle.turn.id, blue.id, False)
            *results, green = await _asked(answered, before=1)
            assert [_object(event)["observation"] for event in results] == ["tool_result", "tool_result"]
            assert [(event.cause, _object(event)["content"]) for event in results] == [(1, "R"), (2, "B")]
            assert [_object(event)["extras"] for event in results] == [{"call_id": _id(red)}, {"call_id": _id(blue)}]
            last = await engine.answer(_OWNER, {_id(green): "G"})
            assert await _closing(last) == await _closing(handle) == ("finished", "R B G")
            assert not engine.waiting(_SESSION)

    async def test_a_wait_goes_on_after_the_next_start(self) -> None:
        """A turn that waits when its server ends waits again, asks nothing twice, and gets its answer."""
        async with self._running_errands() as (engine, store):
            asked = await _asked(await _submit(engine, store, "red/blue"))
        for _ in range(2):
            async with self._running_errands() as (engine, store):
                handle = await _submit(engine, store, "red/blue")
                assert handle.existing
                assert await _asked(handle) == asked
        async with self._running_errands() as (engine, store):
            handle = await engine.answer(_OWNER, {_id(asked[0]): "R"})
            *_, blue = await _asked(handle, before=1)
        async with self._running_errands() as (engine, store):
            handle = await engine.answer(_OWNER, {_id(blue): "B"})
            assert await _closing(handle) == ("finished", "R B")

    async def test_an_answer_before_a_crash_is_not_lost(self) -> None:
        """An answer to a part is kept, whatever comes between; the turn goes on when the rest is there."""
        async with self._running_errands() as (engine, store):
            red, blue, green = await _asked(await _submit(engine, store, "red blue green"))
            await engine.answer(_OWNER, {_id(blue): "B"})
        async with self._running_errands() as (engine, store):
            await engine.answer(_OWNER, {_id(green): "G"})
            assert engine.busy(_SESSION)
            again = await engine.answer(_OWNER, {_id(blue): "B"})
            assert again.existing
        store = await self.open_store()
        stopped = Engine(store, data_dir=self.data_dir(), default_model="offline", run_turn=Errand())
        await stopped.answer(_OWNER, {_id(red): "R"})
        await store.close()
        async with self._running_errands() as (engine, store):
            assert await _closing(await _submit(engine, store, "red blue green")) == ("finished", "R B G")

    async def test_the_same_answer_attaches_and_another_is_refused(self) -> None:
        """The same answer again follows what the first one led to, also after the end; another one changes nothing."""
        async with self._running_errands() as (engine, store):
            [red] = await _asked(await _submit(engine, store, "red/blue"))
            handles = await asyncio.gather(*(engine.answer(_OWNER, {_id(red): "R"}) for _ in range(20)))
            assert sum(not handle.existing for handle in handles) == 1
            *_, blue = await _asked(handles[0], before=1)
            await _refused(ClientAnswerConflictError, engine, {_id(red): "X"})
            await engine.answer(_OWNER, {_id(blue): "B"})
            assert {await _closing(handle) for handle in handles} == {("finished", "R B")}
            late = await engine.answer(_OWNER, {_id(red): "R"})
            assert (late.existing, await _closing(late)) == (True, ("finished", "R B"))
            await _refused(ClientAnswerConflictError, engine, {_id(blue): "X"})
            assert await store.last_event_id(_SESSION) == 5

    async def test_only_who_was_asked_can_answer(self) -> None:
        """A call that was not made, or by another user's turn, or of a turn that is over, takes no answer."""
        async with self._running_errands() as (engine, store):
            [red] = await _asked(await _submit(engine, store, "red"))
            [blue] = await _asked(await _submit(engine, store, "blue", "session-2"))
            for names in (["call_x"], [_id(red)[:-1] + "1"], [_id(red), _id(blue)], ["call_" + "a" * 26 + "_1_0"], []):
                await _refused(UnknownCallError, engine, dict.fromkeys(names, "R"))
            await _refused(UnknownCallError, engine, {_id(red): "R"}, owner="somebody else")
            assert await engine.cancel(_SESSION)
            await _refused(UnknownCallError, engine, {_id(red): "R"})
            await engine.delete_session("session-2")
            await _refused(UnknownCallError, engine, {_id(blue): "B"})
            assert await store.last_event_id("session-2") == 0

    async def test_a_turn_that_waits_is_cancelled_at_once(self) -> None:
        """Cancelling ends a turn that waits, within a second, and no later start takes it up again."""
        async with self._running_errands() as (engine, store):
            handle = await _submit(engine, store, "red")
            [red] = await _asked(handle)
            async with asyncio.timeout(1):
                assert await engine.cancel(_SESSION)
            assert await _closing(handle) == ("cancelled", "Cancelled.")
            assert not engine.waiting(_SESSION)
        async with self._running_errands() as (engine, store):
            assert not engine.busy(_SESSION)
            await _refused(UnknownCallError, engine, {_id(red): "R"})

    async def test_another_prompt_ends_the_wait(self) -> None:
        """Whoever sends a prompt wants no answer to the one before; nobody is refused for a turn that waits."""
        async with self._running_errands() as (engine, store):
            first = await _submit(engine, store, "red")
            await _asked(first)
            assert (await _submit(engine, store, "red")).existing
            await _waits(engine, store)
            second = await _submit(engine, store, "blue", if_busy_refuse=True)
            assert (await _closing(first))[0] == "cancelled"
            [blue] = await _asked(second)
            await engine.answer(_OWNER, {_id(blue): "B"})
            assert await _closing(second) == ("finished", "B")

    async def test_a_prompt_that_was_accepted_before_a_crash_ends_the_wait_after_it(self) -> None:
        """Where a server is killed in the instant of accepting a prompt, the wait that it ends is over at the start."""
        async with self._running_errands() as (engine, store):
            first = await _submit(engine, store, "red")
            await _asked(first)
        store = await self.open_store()
        # What an engine does first with a prompt, before it is killed.
        new = NewTurn(_SESSION, _OWNER, "RepoAgent", "offline", prompt="", key=f"{_SESSION} ")
        assert not (await store.begin_turn(new)).existing
        await store.close()
        async with self._running_errands() as (engine, store):
            second = await _submit(engine, store, "")
            assert second.existing
            assert await _closing(second) == ("finished", "Nothing to ask.")
            assert (await _closing(await _submit(engine, store, "red")))[0] == "cancelled"


async def _submit(engine: Engine, store: Store, prompt: str, session_id: str = _SESSION, **spec: Any) -> TurnHandle:
    row = SessionRow(session_id, _OWNER, "private", None, None, {}, created_at_us=0)
    session = await store.get_or_create_session(row)
    given = PromptSpec(prompt, "RepoAgent", key=f"{session_id} {prompt}", body_hash=prompt, **spec)
    return await engine.submit(session, given)


async def _asked(handle: TurnHandle, *, before: int = 0) -> list[StoredEvent]:
    """What comes up to the last of the calls that are made at once, with at least so many events before it."""
    events: list[StoredEvent] = []
    async with asyncio.timeout(_PATIENCE_SECONDS), aclosing(handle.events(after=handle.begins_after)) as items:
        async for item in items:
            if isinstance(item, StoredEvent):
                events.append(item)
                args = _object(item).get("args", {})
                if _object(item).get("action") == "call_tool" and args["index"] + 1 == args["of"]:
                    break
    assert len(events) > before
    return events


async def _waits(engine: Engine, store: Store) -> None:
    """Return when the turn waits for its client: a reader may have found the call in the store a moment earlier."""
    while not engine.waiting(_SESSION):
        await store.last_event_id(_SESSION)


async def _closing(handle: TurnHandle) -> tuple[str, str]:
    """Why the turn ended, and its last words."""
    last: StoredEvent | None = None
    async with asyncio.timeout(_PATIENCE_SECONDS), aclosing(handle.events(after=handle.begins_after)) as items:
        async for item in items:
            last = item if isinstance(item, StoredEvent) else last
    assert last is not None
    assert last.closes_turn
    return _object(last)["args"]["extras"]["reason"], _object(last)["message"]


async def _refused(error: type[Exception], engine: Engine, results: Mapping[str, str], owner: str = _OWNER) -> None:
    try:
        await engine.answer(owner, results)
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def _object(event: StoredEvent) -> dict[str, Any]:
    return json.loads(event.body)


def _args(event: StoredEvent) -> dict[str, Any]:
    return _object(event)["args"]


def _id(event: StoredEvent) -> str:
    return _args(event)["call_id"]
