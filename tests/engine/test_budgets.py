from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robocoders.agents.budget import Ceilings
from robocoders.agents.running import Emit, Outcome, TurnInput, run_turn
from robocoders.engine.limits import allowances_of, session_ceilings, user_ceilings, with_user_ceilings
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.store import Store, StoredEvent
from robocoders.testing.recalling_model import RecallingModel, Step, ToolCall
from tests.engine.scenes import Held, Stage, everything, reason_of, text_of
from tests.store.scenes import url_of

_ROOT = Path(__file__).parents[2]


def never_stopping(cost: str | None = "0.0011") -> RecallingModel:
    """A model that lists the workspace for ever; each request is 110 tokens."""

    def script(_: str, number: int) -> Step:
        return Step(
            calls=[ToolCall("list", {"thought": str(number)})],
            input_tokens=100,
            output_tokens=10,
            cost_usd=None if cost is None else Decimal(cost),
        )

    return RecallingModel(script)


def _extras(event: StoredEvent) -> dict[str, Any]:
    return json.loads(event.body)["args"]["extras"]


@pytest.mark.parametrize(
    ("limits", "requests", "reason"),
    [
        ({"iterations": 4}, 4, "iteration_limit"),
        ({"money_usd": 0.0033}, 3, "budget_limit"),
        ({"ceiling_money_usd": 0.0043}, 3, "exhausted"),
        ({"ceiling_tokens": 550}, 5, "exhausted"),
    ],
)
async def test_an_agent_with_a_model_that_never_stops_ends_exactly(
    stage: Stage, limits: dict[str, Any], requests: int, reason: str
) -> None:
    """Promise: README, budgets: each limit is looked at before anything is spent, and never exceeded by a step."""
    model = never_stopping()
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.session(limits=limits)
    closing = (await stage.ask("Go."))[-1]
    assert (reason_of(closing), len(model.requests)) == (reason, requests)
    used = _extras(closing)["usage"]
    assert (used["requests"], used["input_tokens"], used["output_tokens"]) == (requests, 100 * requests, 10 * requests)
    assert _extras(closing)["cost_micro_usd"] == 1100 * requests
    assert "continue" in text_of(closing)
    again = (await stage.ask("continue"))[-1]
    assert reason_of(again) == reason
    assert len(model.requests) == (requests if reason == "exhausted" else 2 * requests)


async def test_the_model_goes_on_where_it_stopped(stage: Stage) -> None:
    """Promise: README, budgets: `continue` goes on with the whole history, the results of the last calls included."""
    heard: list[str] = []

    class Listening(RecallingModel):
        def _step(self, messages: Any) -> Step:
            heard.append(str(messages))
            return super()._step(messages)

    model = Listening(lambda _, number: Step(calls=[ToolCall("list", {"thought": f"thought {number}"})]))
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.session(limits={"iterations": 2})
    await stage.ask("Begin here.")
    await stage.ask("continue")
    assert len(heard) == 4
    assert "Begin here." in heard[2]
    assert "thought 1" in heard[2]
    assert heard[2].count("ToolReturnPart(") == 2
    assert heard[2].index("thought 1") < heard[2].rindex("ToolReturnPart(") < heard[2].rindex("continue")


async def test_an_unknown_price_is_said_where_money_is_limited(stage: Stage) -> None:
    """Promise: README, budgets: prices come from the library's table, and where there is none that is said once."""
    model = never_stopping(None)
    stage.play(run_turn, resolve_model=lambda _: model)
    await stage.session(limits={"iterations": 2, "money_usd": 1})
    closings = [(await stage.ask(prompt))[-1] for prompt in ("Go.", "continue")]
    assert ["price of this model is not known" in text_of(closing) for closing in closings] == [True, False]
    assert [_extras(closing)["price_unknown"] for closing in closings] == [True, True]
    assert [reason_of(closing) for closing in closings] == ["iteration_limit"] * 2
    await stage.session("session-2", limits={"iterations": 1})
    closing = (await stage.ask("Go.", "session-2"))[-1]
    assert "price" not in text_of(closing)
    assert _extras(closing)["price_unknown"] is True


async def test_a_turn_ends_when_its_sessions_time_is_over(stage: Stage) -> None:
    """Promise: README, budgets: a ceiling of wall clock ends a turn whatever it is doing then."""
    stage.play(Held())
    await stage.session(limits={"ceiling_seconds": 1})
    closing = (await stage.ask())[-1]
    assert reason_of(closing) == "exhausted"
    assert "1 s" in text_of(closing)
    assert (await stage.store.spent_by_session("session-1")).wall_us >= 0


async def test_time_counts_while_a_turn_is_worked_on(stage: Stage) -> None:
    """Promise: README, budgets: the wall clock of a session is that of all its turns, not of the time between them."""
    engine = Engine(
        stage.store,
        data_dir=stage.data_dir,
        default_model="offline",
        run_turn=_taking_a_minute(stage),
        monotonic_us=stage.clock,
    )
    await engine.start()
    try:
        for prompt in ("a", "b"):
            await _ask(engine, stage, prompt)
            stage.clock.advance(10_000)
        assert (await stage.store.spent_by_session("session-1")).wall_us // 1_000_000 == 120
        assert (await stage.store.spent_by_user("ada")).wall_us // 1_000_000 == 120
        await stage.store.set_limits("session-1", {"ceiling_seconds": 121})
        assert reason_of(await _ask(engine, stage, "c")) == "finished"
        assert reason_of(await _ask(engine, stage, "d")) == "exhausted"
    finally:
        await engine.stop(1)


def _taking_a_minute(stage: Stage) -> Any:
    async def run(turn: TurnInput, _: Emit) -> Outcome:
        assert turn.budget is not None
        await turn.budget.before_request()
        stage.clock.advance(60)
        return Outcome(reason="finished", text="Done.", usage={"requests": 1})

    return run


async def _ask(engine: Engine, stage: Stage, prompt: str) -> StoredEvent:
    await stage.session()
    session = await stage.store.session("session-1")
    assert session is not None
    return (await everything(await engine.submit(session, PromptSpec(prompt, "RepoAgent"))))[-1]


_SPENDING = """
import asyncio, os, sys
from decimal import Decimal
from pathlib import Path

from dataclasses import replace

import pytest
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.store import Store, StoredEvent
from tests.engine.test_budgets import never_stopping
from tests.store.scenes import session_row, url_of

async def main():
    data, kill_after = Path(sys.argv[1]), int(sys.argv[2])
    store = await Store.open(url_of(data / "robocoders.db"))
    model = never_stopping()
    engine = Engine(store, data_dir=data, default_model="never-stopping", resolve_model=lambda name: model)
    await engine.start()
    session = await store.get_or_create_session(replace(session_row(), limits={"ceiling_tokens": 1100}))
    handle = await engine.submit(session, PromptSpec(prompt="Go.", agent="GeneralCodingAgent", key="k"))
    seen = 0
    async for item in handle.events():
        seen += 1
        if seen == kill_after:
            os.kill(os.getpid(), 9)
        print(item.body.decode(), flush=True)
    print(len(model.requests), flush=True)
    await engine.stop(1)
    await store.close()

asyncio.run(main())
"""


async def test_a_turn_that_is_killed_again_and_again_ends_at_the_same_limit(tmp_path: Path) -> None:
    """Promise: README, budgets: a kill in the middle makes no limit wider, and loses nothing that was spent."""
    data = tmp_path / "data"
    codes, lines = list[int](), list[str]()
    for kill_after in (3, 6, 13, 0):
        command = [sys.executable, "-c", _SPENDING, str(data), str(kill_after)]
        child = await asyncio.to_thread(
            subprocess.run, command, stdout=subprocess.PIPE, text=True, cwd=_ROOT, timeout=60, check=False
        )
        codes.append(child.returncode)
        lines = child.stdout.splitlines()
    assert codes == [-signal.SIGKILL] * 3 + [0]
    *_, closing, asked_in_the_last_process = (json.loads(line) for line in lines)
    extras = closing["args"]["extras"]
    assert (extras["reason"], extras["usage"]["requests"], extras["cost_micro_usd"]) == ("exhausted", 10, 11_000)
    assert asked_in_the_last_process < 10
    store = await Store.open(url_of(data / "robocoders.db"))
    spent = await store.spent_by_session("session-1")
    await store.close()
    assert (spent.cost_micro_usd, spent.tokens) == (11_000, 1100)


def test_limits_are_read_from_the_names_they_are_written_with() -> None:
    """Promise: README, HTTP: limits of a session are `iterations`, `money_usd` and the three ceilings."""
    limits = {"iterations": 7, "money_usd": 0.1, "ceiling_money_usd": 2, "ceiling_tokens": 10, "ceiling_seconds": 60}
    allowances = allowances_of(limits)
    assert (allowances.requests, allowances.cost_micro_usd) == (7, 100_000)
    assert session_ceilings(limits) == Ceilings(2_000_000, 10, 60)
    assert not session_ceilings({"ceiling_money_usd": "much", "ceiling_tokens": True, "ceiling_seconds": None})
    assert allowances_of({"money_usd": float("nan")}).cost_micro_usd is None
    assert allowances_of({"money_usd": -1}).cost_micro_usd == 0
    of_user = Ceilings(tokens=5)
    assert user_ceilings(json.loads(json.dumps(with_user_ceilings(limits, of_user)))) == of_user
    assert with_user_ceilings({"user": {"tokens": 9}}, Ceilings()) == {}
    assert user_ceilings({"user": "me"}) == Ceilings()
