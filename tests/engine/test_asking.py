from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput, run_turn
from robocoders.agents.steps import ClientCall
from robocoders.engine.asking import LONGEST_WAIT_SECONDS
from robocoders.engine.call_ids import QuestionPlace, call_id, place_of
from robocoders.engine.performing import RunTurn
from robocoders.engine.runner import Engine, PromptSpec, TurnHandle
from robocoders.store import Store, StoredEvent
from robocoders.testing.asking_conformance import Errand
from robocoders.testing.clock import HandClock
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from robocoders.wire.wishes import ClientTool, Image, Wishes
from tests.engine.scenes import PATIENCE_SECONDS, Held, everything, reason_of, text_of
from tests.store.scenes import saying, session_row, url_of

_ROOT = Path(__file__).parents[2]
_TOOLS = Wishes(tools=(ClientTool("get_weather"), ClientTool("get_time")))


@dataclass
class Hands:
    """A store and engines over it, whose clock is moved by hand."""

    data_dir: Path
    clock: HandClock
    store: Store
    engine: Engine | None = None

    async def play(self, run_turn: RunTurn, *, resolve_model: Callable[[str], Any] | None = None) -> Engine:
        """A started engine with this agent; the one before is stopped."""
        await self.leave()
        self.engine = Engine(
            self.store,
            data_dir=self.data_dir,
            default_model="offline",
            resolve_model=resolve_model,
            run_turn=run_turn,
            now_us=self.clock,
            monotonic_us=self.clock,
            sleep=self.clock.sleep,
        )
        await self.engine.start()
        return self.engine

    async def submit(self, prompt: str, **spec: Any) -> TurnHandle:
        assert self.engine is not None
        session = await self.store.get_or_create_session(session_row())
        return await self.engine.submit(session, PromptSpec(prompt, "RepoAgent", key=prompt, **spec))

    async def answer(self, calls: list[StoredEvent], text: str = "result") -> TurnHandle:
        assert self.engine is not None
        return await self.engine.answer("ada", {_args(call)["call_id"]: text for call in calls})

    async def calls(self, handle: TurnHandle) -> list[StoredEvent]:
        """The calls that come next at once, when they are waited for."""
        assert self.engine is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            calls = await _calls(handle)
            while not self.engine.waiting("session-1"):
                # What a reader has found in the store may be news to the engine's own loop.
                await self.store.last_event_id("session-1")
        return calls

    async def leave(self) -> None:
        if self.engine is not None:
            await self.engine.stop(PATIENCE_SECONDS)


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[Hands]:
    clock = HandClock()
    store = await Store.open(url_of(tmp_path / "data" / "robocoders.db"), now_us=clock)
    hands = Hands(tmp_path / "data", clock, store)
    yield hands
    await hands.leave()
    await store.close()


def _object(event: StoredEvent) -> dict[str, Any]:
    return json.loads(event.body)


def _args(event: StoredEvent) -> dict[str, Any]:
    return _object(event)["args"]


async def _calls(handle: TurnHandle) -> list[StoredEvent]:
    """The calls that come next at once."""
    calls: list[StoredEvent] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(handle.events(after=handle.begins_after)) as items:
        async for item in items:
            if isinstance(item, StoredEvent) and _object(item).get("action") == "call_tool":
                calls.append(item)
                if _args(item)["index"] + 1 == _args(item)["of"]:
                    break
    return calls


async def test_a_turn_that_nobody_answers_ends_after_a_day(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: a turn waits for its client for 24 hours."""
    await hands.play(Errand())
    handle = await hands.submit("red")
    await hands.calls(handle)
    hands.clock.advance(LONGEST_WAIT_SECONDS - 1)
    assert hands.engine is not None
    assert hands.engine.waiting("session-1")
    hands.clock.advance(1)
    closing = (await everything(handle))[-1]
    assert reason_of(closing) == "cancelled"
    assert "For a day" in text_of(closing) or "for a day" in text_of(closing)


async def test_the_day_goes_on_while_no_server_runs(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: the 24 hours are counted from the call, whatever happened to the server."""
    await hands.play(Errand())
    await hands.calls(await hands.submit("red"))
    await hands.leave()
    hands.clock.advance(LONGEST_WAIT_SECONDS)
    await hands.play(Errand())
    assert reason_of((await everything(await hands.submit("red")))[-1]) == "cancelled"


async def test_the_answer_to_a_part_begins_the_day_anew(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: a client that answers is there, so it is waited for."""
    await hands.play(Errand())
    handle = await hands.submit("red blue")
    red, blue = await hands.calls(handle)
    hands.clock.advance(LONGEST_WAIT_SECONDS - 1)
    await hands.answer([red])
    hands.clock.advance(LONGEST_WAIT_SECONDS - 1)
    await hands.answer([blue])
    assert reason_of((await everything(handle))[-1]) == "finished"


async def test_waiting_for_a_client_costs_no_time(hands: Hands) -> None:
    """Promise: README, budgets: time counts while a server works on a turn, not while it waits for the client."""
    session = session_row()
    session.limits["ceiling_seconds"] = 60
    await hands.store.get_or_create_session(session)
    worked = hands.clock

    async def work(turn: TurnInput, emit: Emit) -> Outcome:
        worked.advance(20)
        outcome = await Errand()(turn, emit)
        worked.advance(20)
        return replace(outcome, usage={"requests": 1})

    await hands.play(work)
    handle = await hands.submit("red/blue")
    for _ in range(2):
        calls = await hands.calls(handle)
        hands.clock.advance(3600)
        handle = await hands.answer(calls)
    assert reason_of((await everything(handle))[-1]) == "finished"
    assert (await hands.store.spent_by_session("session-1")).wall_us == 40_000_000


async def test_a_prompt_that_stood_in_line_does_not_end_the_wait(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: only a prompt that comes while a turn waits for its client ends it."""
    held = Held()

    async def play(turn: TurnInput, emit: Emit) -> Outcome:
        if turn.prompt == "red":
            await held(turn, emit)
        return await Errand()(turn, emit)

    await hands.play(play)
    first = await hands.submit("red")
    await held.wait_for(1)
    second = await hands.submit("/")
    held.release()
    calls = await hands.calls(first)
    assert second.turn.after_event_id < calls[-1].id
    assert hands.engine is not None
    assert hands.engine.waiting("session-1")
    await hands.answer(calls)
    assert reason_of((await everything(first))[-1]) == "finished"
    assert text_of((await everything(second))[-1]) == "Nothing to ask."


async def test_a_stop_does_not_wait_for_a_client(hands: Hands) -> None:
    """Promise: README, upgrades: a server that stops leaves open turns to the next start."""
    engine = await hands.play(Errand())
    await hands.calls(await hands.submit("red"))
    async with asyncio.timeout(5):
        await engine.stop(3600)
    await hands.play(Errand())
    handle = await hands.submit("red")
    await hands.answer(await hands.calls(handle), "R")
    assert text_of((await everything(handle))[-1]) == "R"


async def test_another_call_than_before_is_not_taken_for_the_same(hands: Hands) -> None:
    """Promise: ARCHITECTURE, durable turns: a turn that is run again makes the same steps, or ends with an error."""
    await hands.play(Errand())
    await hands.calls(await hands.submit("red"))

    async def otherwise(turn: TurnInput, _: Emit) -> Outcome:
        assert turn.steps is not None
        await turn.steps.ask_client([ClientCall("blue", "{}")], {})
        return Outcome(reason="finished", text="")

    await hands.play(otherwise)
    closing = (await everything(await hands.submit("red")))[-1]
    assert (reason_of(closing), closing.id) == ("error", 2)


async def test_a_model_asks_the_client_and_goes_on_in_its_turn(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: own tools run, then the client is asked, what was used up is on record."""
    asking = Step(
        text="Let me look.",
        calls=[ToolCall("get_time", {"zone": "UTC"}), ToolCall("list", {"path": "."}), ToolCall("get_weather")],
        input_tokens=10,
        output_tokens=5,
    )
    model = ScriptedModel([asking, Step(text="It rains at noon.", input_tokens=20, output_tokens=7)])
    await hands.play(run_turn, resolve_model=lambda _: model)
    handle = await hands.submit("Now?", wishes=_TOOLS)
    calls = await hands.calls(handle)
    turn = await hands.store.turn(handle.turn.id)
    assert turn is not None
    used = {"requests": 1, "input_tokens": 10, "output_tokens": 5}
    assert turn.usage == _args(calls[-1])["usage"] == used
    assert [_args(call)["arguments"] for call in calls] == ['{"zone":"UTC"}', "{}"]
    events = await everything(await hands.answer(calls, "12:00"))
    kinds = [_object(event).get("action") or _object(event)["observation"] for event in events]
    assert kinds == ["message", "read", "read", "call_tool", "call_tool", "tool_result", "tool_result", "message"]
    assert text_of(events[-1]) == "It rains at noon."
    assert _args(events[-1])["extras"]["usage"]["input_tokens"] == 30
    assert "12:00" in str(model.requests[1])
    after = ScriptedModel(["As I said."])
    await hands.play(run_turn, resolve_model=lambda _: after)
    await everything(await hands.submit("Again?"))
    assert "12:00" in str(after.requests[0])


async def test_a_turn_has_the_model_and_the_wishes_of_its_prompt(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: `agent/model` names choose the language model of one turn."""
    models: dict[str, ScriptedModel] = {}

    def resolve(name: str) -> ScriptedModel:
        return models.setdefault(name, ScriptedModel(["Yes."]))

    await hands.play(run_turn, resolve_model=resolve)
    wishes = Wishes(instructions="Whisper.", images=(Image(b"png", "image/png"),))
    await everything(await hands.submit("One?", model="openai:other", wishes=wishes))
    await everything(await hands.submit("Two?"))
    assert list(models) == ["openai:other", "offline"]
    assert "Whisper." in models["openai:other"].instructions
    assert "Whisper." not in models["offline"].instructions
    assert "data=b'png'" in str(models["openai:other"].requests[0])
    assert "Whisper" not in repr(PromptSpec("One?", "RepoAgent", wishes=wishes))


async def test_text_beside_calls_is_told_before_them(hands: Hands) -> None:
    """Promise: README, OpenAI dialects: the text of an answer that calls tools is text, the calls come after it."""

    async def play(turn: TurnInput, emit: Emit) -> Outcome:
        await turn.live.write("Looking.")
        await emit(saying("Looking."))
        return await Errand()(turn, emit)

    await hands.play(play)
    handle = await hands.submit("red")
    [call] = await hands.calls(handle)
    assert call.id == 2
    assert await hands.store.live_text("session-1") is None
    assert await hands.store.withdrawn("session-1") == []


def test_the_name_of_a_call_tells_its_place() -> None:
    """Promise: README, OpenAI dialects: a call's id is the same on every run of its turn and names it."""
    turn = "0b1c2d3e-0000-4000-8000-00ffff00abcd"
    names = {call_id(QuestionPlace(turn, step, index)) for step in (1, 9999) for index in (0, 999)}
    assert len(names) == 4
    assert all(len(name) <= 40 for name in names)
    place = QuestionPlace(turn, 12, 3)
    assert place_of(call_id(place)) == place
    good = call_id(place)
    wrong = ["", "call_", good.upper(), f"{good}x", f"{good[:5]}1{good[6:]}", f"{good[:30]}b{good[31:]}", f"{good}\n"]
    assert [place_of(bad) for bad in wrong] == [None] * len(wrong)


_ASKING = """
import asyncio, os, sys
from pathlib import Path

from robocoders.agents.running import run_turn
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.store import Store, StoredEvent
from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall
from robocoders.wire.wishes import ClientTool, Wishes
from tests.store.scenes import session_row, url_of

KILL, DATA = sys.argv[1], Path(sys.argv[2])
CALLS = (ToolCall("get_weather"), ToolCall("list", {"path": "."}), ToolCall("get_time"))

def script(prompt, number):
    with (DATA / "requests").open("a") as file:
        file.write(f"{number}\\n")
    return "The end." if number == 2 else Step(text=f"Number {number}.", calls=CALLS)

def die(place):
    if KILL == place:
        os.kill(os.getpid(), 9)

async def main():
    DATA.mkdir(exist_ok=True)
    store = await Store.open(url_of(DATA / "robocoders.db"))
    engine = Engine(store, data_dir=DATA, default_model="recalling", resolve_model=lambda name: RecallingModel(script))
    await engine.start()
    session = await store.get_or_create_session(session_row())
    wishes = Wishes(tools=(ClientTool("get_weather"), ClientTool("get_time")))
    spec = PromptSpec(prompt="Go.", agent="RepoAgent", key="k", wishes=wishes)
    handle = await engine.submit(session, spec)
    batch, calls = 0, []
    async for item in handle.events():
        if not isinstance(item, StoredEvent):
            continue
        print(item.body.decode(), flush=True)
        event = __import__("json").loads(item.body)
        if event.get("action") != "call_tool":
            continue
        calls.append(event["args"]["call_id"])
        if len(calls) == 2:
            die(f"asked {batch}")
            await engine.answer("ada", {calls[0]: "rain"})
            die(f"half {batch}")
            await engine.answer("ada", {calls[1]: "noon"})
            die(f"answered {batch}")
            batch, calls = batch + 1, []
    await engine.stop(1)
    await store.close()

asyncio.run(main())
"""


def _run(data: Path, kill: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", _ASKING, kill, str(data)]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT, timeout=60, check=False)
    return child.returncode, child.stdout.splitlines()


async def test_a_turn_that_waits_outlives_every_kill(tmp_path: Path) -> None:
    """Promise: README, durability: kill -9 loses no call and no answer, and repeats neither, nor a request."""
    data = tmp_path / "data"
    kills = [f"{place} {batch}" for batch in range(2) for place in ("asked", "half", "answered")]
    logs: list[list[str]] = []
    for kill in kills:
        code, told = await asyncio.to_thread(_run, data, kill)
        assert code == -signal.SIGKILL, kill
        logs.append(told)
    code, whole = await asyncio.to_thread(_run, data, "")
    assert code == 0
    assert all(whole[: len(log)] == log for log in logs)
    events = [json.loads(line) for line in whole]
    assert [event["id"] for event in events] == list(range(1, len(whole) + 1))
    segment = ["message", "read", "read", "call_tool", "call_tool", "tool_result", "tool_result"]
    assert [event.get("action") or event["observation"] for event in events] == [*segment, *segment, "message"]
    assert [event["content"] for event in events if event.get("observation") == "tool_result"] == ["rain", "noon"] * 2
    assert events[-1]["args"]["extras"]["reason"] == "finished"
    requests = (data / "requests").read_text().split()
    assert sorted(set(requests)) == ["0", "1", "2"]
    # A kill in the middle of the next request has it made again, and only that.
    assert requests.count("0") == 1
