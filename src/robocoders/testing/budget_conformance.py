"""What the engine keeps of budgets and of the model's messages on every database, as tests that can be run on any.

See `robocoders.testing.engine_conformance`, of which this is the second half.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest, UserPromptPart

from robocoders.agents.budget import BudgetEnded, Ceilings
from robocoders.agents.running import Emit, Live, Outcome, StepResult, TurnInput
from robocoders.engine.performing import RunTurn
from robocoders.engine.runner import Engine, PromptSpec
from robocoders.events import RunAction, RunArgs, RunObservation
from robocoders.store import SessionRow, Store, StoredEvent, Sums

__all__ = ["BudgetConformance", "Spender"]

_PATIENCE_SECONDS = 30.0
_MAX_CONTINUES = 8


@dataclass(frozen=True, slots=True)
class _Used:
    input_tokens: int
    output_tokens: int


class Spender:
    """An agent that never stops by itself: each request costs the same, and it is a step, so that none is made twice.

    Args:
        cost_micro_usd: What a request costs; None for an unknown price.
        tokens: What it uses, in and out.
        hold_at: Before which request of a turn, counted from 1, it waits until it is cancelled; 0 for none.

    Attributes:
        made: How many requests were really made.
        held: Set when it waits.
    """

    def __init__(self, cost_micro_usd: int | None = 1000, tokens: int = 100, *, hold_at: int = 0) -> None:
        self.made = 0
        self.held = asyncio.Event()
        self._cost = None if cost_micro_usd is None else Decimal(cost_micro_usd) / 1_000_000
        self._used = _Used(tokens - tokens // 10, tokens // 10)
        self._hold_at = hold_at

    async def __call__(self, turn: TurnInput, _: Emit) -> Outcome:
        """Spend."""
        assert turn.budget is not None, "an engine's turn has a budget"
        assert turn.steps is not None, "an engine's turn has steps"
        while True:
            try:
                await turn.budget.before_request()
            except BudgetEnded as end:
                return Outcome(
                    reason=end.reason,
                    text=end.text,
                    usage=turn.budget.usage,
                    cost_micro_usd=turn.budget.cost_micro_usd,
                    messages=_with_prompt(turn.messages, f"{turn.prompt}, {turn.budget.requests}"),
                )
            if turn.budget.requests + 1 == self._hold_at:
                self.held.set()
                await asyncio.Event().wait()
            await turn.steps.run("request", {}, RunAction(args=RunArgs(command="request")), self._request)
            await turn.budget.after_response(self._used, self._cost)

    async def _request(self, _action_id: int, _live: Live) -> StepResult:
        self.made += 1
        return StepResult(observation=RunObservation(content="answered"), text="answered")


class BudgetConformance(ABC):
    """The rules; see the module."""

    @abstractmethod
    async def open_store(self) -> Store:
        """Open the database of this object: a new one the first time, the same one every other time."""

    @abstractmethod
    def data_dir(self) -> Path:
        """Return the directory for all else that engines over this database keep."""

    @asynccontextmanager
    async def _budgeting(
        self, run_turn: RunTurn, *, user_ceilings: Ceilings | None = None
    ) -> AsyncGenerator[tuple[Engine, Store]]:
        store = await self.open_store()
        engine = Engine(
            store,
            data_dir=self.data_dir(),
            default_model="offline",
            run_turn=run_turn,
            user_ceilings=user_ceilings,
        )
        try:
            await engine.start()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                yield engine, store
        finally:
            await engine.stop(0)
            await store.close()

    async def test_an_agent_that_never_stops_ends_at_each_limit_exactly(self) -> None:
        """Whatever the limit, not one request more is made than it allows, and none less."""
        cases: list[tuple[dict[str, Any], int, str]] = [
            ({"iterations": 7}, 7, "iteration_limit"),
            ({"money_usd": 0.005}, 5, "budget_limit"),
            ({"money_usd": 0.0059}, 5, "budget_limit"),
            ({"money_usd": 0}, 0, "budget_limit"),
            ({"ceiling_money_usd": 0.003}, 3, "exhausted"),
            ({"ceiling_money_usd": 0.0039}, 3, "exhausted"),
            ({"ceiling_tokens": 400}, 4, "exhausted"),
            ({"ceiling_tokens": 499}, 4, "exhausted"),
            ({"ceiling_tokens": 0}, 0, "exhausted"),
            ({"ceiling_seconds": 0}, 0, "exhausted"),
            ({"iterations": 3, "ceiling_tokens": 300}, 3, "exhausted"),
        ]
        spender = Spender()
        async with self._budgeting(spender) as (engine, store):
            for place, (limits, requests, reason) in enumerate(cases):
                spender.made = 0
                closing = await _ask(engine, store, "Go.", f"session-{place}", limits)
                assert (spender.made, _extras(closing)["reason"]) == (requests, reason), limits
                turn = await store.last_turn(f"session-{place}")
                assert turn is not None
                assert (turn.cost_micro_usd, turn.usage.get("requests", 0)) == (1000 * requests, requests)
                # A turn that nothing was left for says nothing of what it used up.
                assert _extras(closing).get("cost_micro_usd", 0) == 1000 * requests
                assert _extras(closing).get("usage", {}) == turn.usage

    async def test_an_allowance_is_granted_anew_by_each_continue(self) -> None:
        """Each `continue` gets one more allowance, as often as a client sends it."""
        spender = Spender()
        async with self._budgeting(spender) as (engine, store):
            for limits, reason in (({"iterations": 3}, "iteration_limit"), ({"money_usd": 0.003}, "budget_limit")):
                spender.made = 0
                await _ask(engine, store, "Go.", reason, limits)
                for count in range(1, _MAX_CONTINUES + 1):
                    closing = await _ask(engine, store, "continue", reason, plain=True)
                    assert _extras(closing)["reason"] == reason
                    assert spender.made == 3 * (count + 1)
                assert (await store.spent_by_session(reason)).cost_micro_usd == 1000 * spender.made

    async def test_a_ceiling_is_lifted_by_no_prompt(self) -> None:
        """After a ceiling no prompt makes another request, until somebody raises the limit."""
        for name, ceiling, more in (("ceiling_money_usd", 0.0039, 0.005), ("ceiling_tokens", 350, 500)):
            spender = Spender()
            async with self._budgeting(spender) as (engine, store):
                for prompt, plain in (("Go.", False), *(("continue", plain) for plain in (True, False) * 4)):
                    closing = await _ask(engine, store, prompt, name, {name: ceiling}, plain=plain)
                    assert _extras(closing)["reason"] == "exhausted"
                assert spender.made == 3
                await store.set_limits(name, {name: more})
                await _ask(engine, store, "Go on.", name)
                assert spender.made == 5

    async def test_a_users_ceiling_holds_for_all_sessions(self) -> None:
        """What a user may use up is counted over all sessions, those that are worked on at once included."""
        spender = Spender()
        async with self._budgeting(spender, user_ceilings=Ceilings(cost_micro_usd=10_000)) as (engine, store):
            await _ask(engine, store, "Go.", "first", {"iterations": 4})
            for session_id in ("second", "third"):
                await _ask(engine, store, "Go.", session_id, {"iterations": 1})
            await engine.delete_session("first")
            for session_id in ("second", "third"):
                await store.set_limits(session_id, {})
            at_once = [_ask(engine, store, "On.", session_id) for session_id in ("second", "third")]
            assert [_extras(closing)["reason"] for closing in await asyncio.gather(*at_once)] == ["exhausted"] * 2
            assert spender.made == 10
            assert (await store.spent_by_user("owner")).cost_micro_usd == 10_000
            other = await _ask(engine, store, "Go.", "fourth", {"iterations": 2}, owner="somebody else")
            assert _extras(other)["reason"] == "iteration_limit"

    async def test_sums_are_right_after_a_kill(self) -> None:
        """A turn that goes on after a kill has used up what it did before, and ends at the same limit."""
        for name, limits, total in (
            ("money", {"money_usd": 0.006}, 6),
            ("ceiling", {"ceiling_tokens": 600}, 6),
            ("iterations", {"iterations": 6}, 6),
        ):
            first, second = Spender(hold_at=5), Spender()
            async with self._budgeting(first) as (engine, store):
                await _submit(engine, store, "Go.", name, limits, key=name)
                await first.held.wait()
                assert (await store.spent_by_session(name)).cost_micro_usd == 4000
            async with self._budgeting(second) as (engine, store):
                closing = await _ask(engine, store, "Go.", name, key=name)
                spent = await store.spent_by_session(name)
            assert (first.made, second.made) == (4, total - 4)
            assert (spent.cost_micro_usd, spent.tokens) == (1000 * total, 100 * total)
            assert _extras(closing)["cost_micro_usd"] == 1000 * total

    async def test_a_turn_that_is_stopped_has_used_up_what_it_did(self) -> None:
        """Cancelling hides no costs, also where the turn was not yet where it had been before a kill."""
        first, second = Spender(hold_at=3), Spender(hold_at=1)
        async with self._budgeting(first) as (engine, store):
            await _submit(engine, store, "Go.", "session")
            await first.held.wait()
        async with self._budgeting(second) as (engine, store):
            await second.held.wait()
            await engine.cancel("session")
            turn = await store.last_turn("session")
            assert turn is not None
            assert (turn.reason, turn.cost_micro_usd, turn.usage["requests"]) == ("cancelled", 2000, 2)
            [closing] = [event for event in await store.events("session") if event.id == turn.last_event_id]
            assert _extras(closing)["cost_micro_usd"] == 2000
            assert await store.spent_by_session("session") == Sums(2000, 200, turn.wall_us)

    async def test_an_unknown_price_is_told(self) -> None:
        """Where limits of money cannot hold it is said, in words once, and in the extras always."""
        async with self._budgeting(Spender(None)) as (engine, store):
            texts: list[str] = []
            for prompt in ("Go.", "continue"):
                closing = await _ask(engine, store, prompt, "session", {"money_usd": 0.001, "iterations": 2})
                assert _extras(closing)["price_unknown"] is True
                assert _extras(closing)["usage"]["unpriced_requests"] == 2
                texts.append(str(json.loads(closing.body)["message"]))
        assert ["price" in text for text in texts] == [True, False]

    async def test_the_models_messages_are_handed_on(self) -> None:
        """A turn's model goes on with the messages that the turn before left, and a deleted session leaves none."""
        async with self._budgeting(Spender()) as (engine, store):
            for prompt in ("a", "b"):
                await _ask(engine, store, prompt, "session", {"iterations": 1})
            kept = await store.model_history("session")
            assert kept is not None
            assert (_prompts(kept.messages), kept.after_turn) == (["a, 1", "b, 1"], 2)
            await _ask(engine, store, "c", "session", history="in_prompt")
            kept = await store.model_history("session")
            assert kept is not None
            assert _prompts(kept.messages) == ["c, 1"]
            await engine.delete_session("session")
            assert await store.model_history("session") is None

    async def test_a_question_is_not_answered_by_a_bare_continue(self) -> None:
        """What an old client sends by itself is never taken for the answer to a question, and costs nothing."""
        heard: list[str] = []

        async def ask(turn: TurnInput, _: Emit) -> Outcome:
            heard.append(turn.prompt)
            return Outcome(reason="question", text="Which one?", messages=_with_prompt(turn.messages, turn.prompt))

        async with self._budgeting(ask) as (engine, store):
            for prompt, plain in (("Go.", False), ("continue", True), ("continue", True), ("The red one.", True)):
                closing = await _ask(engine, store, prompt, "session", plain=plain)
                assert _extras(closing)["reason"] == "question"
            kept = await store.model_history("session")
        assert heard == ["Go.", "The red one."]
        assert kept is not None
        assert (_prompts(kept.messages), kept.after_turn) == (["Go.", "The red one."], 4)


def _with_prompt(messages: bytes | None, prompt: str) -> bytes:
    """A model's messages with one more."""
    said = ModelMessagesTypeAdapter.validate_json(messages or b"[]")
    return ModelMessagesTypeAdapter.dump_json([*said, ModelRequest(parts=[UserPromptPart(prompt)])])


def _prompts(messages: bytes) -> list[str]:
    said = ModelMessagesTypeAdapter.validate_json(messages)
    return [str(part.content) for message in said for part in message.parts if isinstance(part, UserPromptPart)]


async def _submit(
    engine: Engine,
    store: Store,
    prompt: str,
    session_id: str,
    limits: Mapping[str, Any] | None = None,
    *,
    owner: str = "owner",
    **spec: Any,
) -> AsyncGenerator[Any, None]:
    row = SessionRow(session_id, owner, "private", None, None, dict(limits or {}), created_at_us=0)
    await store.get_or_create_session(row)
    session = await store.session(session_id)
    assert session is not None
    return (await engine.submit(session, PromptSpec(prompt, "RepoAgent", **spec))).events()


async def _ask(engine: Engine, store: Store, prompt: str, session_id: str, *limits: Any, **spec: Any) -> StoredEvent:
    """The closing message of a prompt's answer."""
    events = await _submit(engine, store, prompt, session_id, *limits, **spec)
    last: StoredEvent | None = None
    async with asyncio.timeout(_PATIENCE_SECONDS), aclosing(events) as items:
        async for item in items:
            last = item if isinstance(item, StoredEvent) else last
    assert last is not None, "every answer has a closing message"
    return last


def _extras(closing: StoredEvent) -> dict[str, Any]:
    return json.loads(closing.body)["args"]["extras"]
