from __future__ import annotations

from typing import Any

import pytest

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.wire.protocol import Reason
from tests.engine.scenes import Stage, reason_of, text_of

_RUNS_AFTER = {Reason.ITERATION_LIMIT, Reason.BUDGET_LIMIT}


def _ending_with(reason: str, prompts: list[str]) -> Any:
    async def run(turn: TurnInput, _: Emit) -> Outcome:
        prompts.append(turn.prompt)
        return Outcome(reason=reason, text="That far.")

    return run


@pytest.mark.parametrize("reason", Reason.ALL)
async def test_an_old_clients_continue_runs_only_after_an_allowance(stage: Stage, reason: str) -> None:
    """Promise: README, HTTP: an unasked `continue` starts a run only where there is something to continue."""
    prompts: list[str] = []
    stage.play(_ending_with(reason, prompts))
    await stage.ask("Begin.")
    answer = await stage.ask("continue", plain=True)
    assert len(answer) == 1
    assert reason_of(answer[-1]) == reason
    assert prompts == ["Begin.", "continue"] if reason in _RUNS_AFTER else ["Begin."]
    assert (text_of(answer[-1]) == "That far.") == (reason in _RUNS_AFTER)


async def test_a_continue_in_a_new_session_costs_nothing(stage: Stage) -> None:
    """Promise: README, HTTP: where there is nothing to continue, a short message says so."""
    prompts: list[str] = []
    stage.play(_ending_with(Reason.ERROR, prompts))
    [closing] = await stage.ask("continue", plain=True)
    assert (reason_of(closing), text_of(closing), prompts) == ("finished", "There is nothing to continue.", [])
    [again] = await stage.ask("continue", plain=True)
    assert reason_of(again) == "finished"


@pytest.mark.parametrize(
    ("prompt", "spec"),
    [
        ("continue", {"plain": True, "key": "k"}),
        ("continue", {"plain": False}),
        ("Continue", {"plain": True}),
        ("continue ", {"plain": True}),
        ("continue, please", {"plain": True}),
    ],
)
async def test_a_continue_that_somebody_meant_runs(stage: Stage, prompt: str, spec: dict[str, Any]) -> None:
    """Promise: README, HTTP: a prompt with a key, on the full stream, or of other words is always real."""
    prompts: list[str] = []
    stage.play(_ending_with(Reason.FINISHED, prompts))
    await stage.ask("Begin.")
    await stage.ask(prompt, **spec)
    assert prompts == ["Begin.", prompt]


async def test_a_continue_sent_before_the_answer_is_read_waits_for_its_end(stage: Stage) -> None:
    """Protocol fact: one old client posts `continue` before it reads on."""
    prompts: list[str] = []
    stage.play(_ending_with(Reason.ITERATION_LIMIT, prompts))
    handle = await stage.submit("Begin.")
    assert reason_of((await stage.ask("continue", plain=True))[-1]) == "iteration_limit"
    assert prompts == ["Begin.", "continue"]
    assert handle.turn.number == 1
