from __future__ import annotations

import sys
from pathlib import Path

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


async def test_prompts_over_connections_that_break_anywhere_run_once(tmp_path: Path) -> None:
    """Promise: README, client: a prompt never runs twice, whatever breaks while it is sent and answered."""
    verdict = await send_duplicates(tmp_path, 100, 20)
    assert verdict.faults == []
    assert verdict.figures["duplicated_sends"] >= 100
    assert verdict.figures["runs"] == verdict.figures["prompts"]
