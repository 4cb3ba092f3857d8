from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.__main__ import storm
from tests.chaos.duplicates import send_duplicates
from tests.chaos.storm import Plan

_PLAN = Plan(turns=10, sessions=6, seed=20, shortest=0.8, longest=2.0, limit_seconds=110, most_kills=4)


async def test_a_server_killed_again_and_again_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Promise: README, durability: kill anything; the answer goes on, and the prompt ran once."""
    verdict = await storm(tmp_path, _PLAN)
    verdict.tell(lambda line: sys.stdout.write(f"{line}\n"))
    assert verdict.faults == []
    assert verdict.figures["turns"] == _PLAN.turns
    assert verdict.figures["kills"] + verdict.figures["stops"] >= 1
    assert verdict.figures["resumptions"] >= 1


@pytest.mark.needs_bubblewrap
async def test_a_storm_spares_turns_that_run_sealed_commands(tmp_path: Path) -> None:
    """Promise: README, durability: a command in flight runs at most once, sealed or not, whatever is killed."""
    verdict = await storm(tmp_path, replace(_PLAN, turns=6, sessions=3, most_kills=2), "sealed")
    verdict.tell(lambda line: sys.stdout.write(f"{line}\n"))
    assert verdict.faults == []
    assert verdict.figures["turns"] == 6
    assert verdict.figures["kills"] + verdict.figures["stops"] >= 1


async def test_prompts_over_connections_that_break_anywhere_run_once(tmp_path: Path) -> None:
    """Promise: README, client: a prompt never runs twice, whatever breaks while it is sent and answered."""
    verdict = await send_duplicates(tmp_path, 100, 20)
    assert verdict.faults == []
    assert verdict.figures["duplicated_sends"] >= 100
    assert verdict.figures["runs"] == verdict.figures["prompts"]
