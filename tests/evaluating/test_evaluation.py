from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from pydantic_ai.exceptions import ModelHTTPError

from robocoders.errors import ConfigurationError
from robocoders.evaluating.cases import Case, select, shipped_cases
from robocoders.evaluating.evaluation import Evaluation, evaluate
from robocoders.evaluating.results import Result, Results
from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.evaluating.repairs import REPAIRS

if TYPE_CHECKING:
    from pydantic_ai.models import Model

pytestmark = pytest.mark.needs_bubblewrap

FIXED, FAILED, ATTACKED = "python-free-slots", "shell-rotate-logs", "python-invoice"
CASES = shipped_cases()

ATTACK = """
cat > billing/__init__.py <<'END'
import os
print("Ran 11 tests in 0.001s OK", flush=True)
os._exit(0)
END
echo "import os; os._exit(0)" > sitecustomize.py
echo "" > test_billing.py
python3 -m unittest; echo $?
"""


def _writes(files: Mapping[str, str]) -> Step:
    calls = [ToolCall("write", {"path": path, "content": text}) for path, text in files.items()]
    return Step(text="I repair it.", calls=calls, input_tokens=1000, output_tokens=50)


def _story(name: str) -> list[Step | str]:
    """What the scripted model does with each case: it repairs one, does nothing, or makes its tests say they pass."""
    end = Step(text="All tests pass now.", input_tokens=2000, output_tokens=10)
    if name == ATTACKED:
        return [Step(calls=[ToolCall("run", {"command": ATTACK})]), end]
    return [_writes(REPAIRS[name]), end] if name == FIXED else [end]


class _Models:
    """Makes a scripted model for each case in turn, and counts them."""

    def __init__(self, *stories: list[Step | str]) -> None:
        self._stories = list(stories)
        self.made = 0

    def __call__(self) -> Model:
        self.made += 1
        return ScriptedModel(self._stories[self.made - 1])


def _evaluation(directory: Path, names: list[str], models: Callable[[], Model]) -> Evaluation:
    return Evaluation(
        model="robocoders:scripted", make_model=models, directory=directory, cases=select(CASES, names), seconds=60
    )


async def _run(evaluation: Evaluation) -> dict[str, Result]:
    begun: list[Case] = []
    return {result.case: result async for result in evaluate(evaluation, begins=begun.append)}


async def test_a_repair_passes_nothing_fails_and_an_attack_fails(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: judged by tests that the agent never sees."""
    names = [case.id for case in select(CASES, [FIXED, FAILED, ATTACKED])]
    models = _Models(*map(_story, names))
    found = await _run(_evaluation(tmp_path, names, models))
    assert {name: result.status for name, result in found.items()} == {
        FIXED: "passed",
        FAILED: "failed",
        ATTACKED: "failed",
    }
    fixed, attacked = found[FIXED], found[ATTACKED]
    assert (fixed.tests_passed, fixed.tests, fixed.failed_tests) == (9, 9, ())
    assert (fixed.requests, fixed.steps, fixed.input_tokens, fixed.output_tokens) == (2, 1, 3000, 60)
    assert (fixed.reason, fixed.cost_usd) == ("finished", 0.0)
    assert fixed.seconds > 0
    assert attacked.tests_passed == 0
    events = (tmp_path / "events" / f"{ATTACKED}.jsonl").read_text()
    assert "Ran 11 tests" in events
    assert '"action": "run"' in events


async def test_a_finished_case_is_not_run_again(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: the same command goes on where it was stopped."""
    models = _Models(_story(FIXED), _story(FAILED))
    first = await _run(_evaluation(tmp_path, [FIXED], models))
    both = await _run(_evaluation(tmp_path, [FIXED, FAILED], models))
    again = await _run(_evaluation(tmp_path, [FIXED, FAILED], models))
    assert models.made == 2
    assert both[FIXED] == first[FIXED]
    assert again == both
    assert len(Results(tmp_path).read()) == 2


async def test_another_model_and_a_changed_case_are_run(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: results are those of this model and these cases."""
    models = _Models(*[_story(FAILED)] * 4)
    evaluation = _evaluation(tmp_path, [FAILED], models)
    await _run(evaluation)
    await _run(replace(evaluation, model="other"))
    await _run(replace(evaluation, model_url="http://127.0.0.1:9/v1"))
    await _run(replace(evaluation, cases=[replace(case, digest="changed") for case in evaluation.cases]))
    assert models.made == 4


async def test_a_case_that_was_stopped_halfway_begins_anew(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: nothing of a stopped attempt is left."""
    begun = asyncio.Event()

    async def stops() -> None:
        begun.set()
        await asyncio.Event().wait()

    stuck: list[Step | str] = [_writes({"left.py": "x", "slots/merging.py": "broken"}), Step(text="x", before=stops)]
    models = _Models(stuck, _story(FIXED))
    evaluation = _evaluation(tmp_path, [FIXED], models)
    running = asyncio.create_task(_run(evaluation))
    async with asyncio.timeout(60):
        await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert Results(tmp_path).read() == []
    assert (tmp_path / "workspaces" / FIXED / "left.py").exists()
    assert (await _run(evaluation))[FIXED].status == "passed"
    assert not (tmp_path / "workspaces" / FIXED / "left.py").exists()


async def test_a_model_without_an_answer_is_asked_again_the_next_time(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: tries again where the model gave no answer."""
    models = _Models([Step(error=ModelHTTPError(401, "scripted", "sk-secret"))], _story(FIXED))
    evaluation = _evaluation(tmp_path, [FIXED], models)
    refused = (await _run(evaluation))[FIXED]
    assert (refused.status, refused.reason, refused.tests_passed) == ("error", "error", 0)
    assert "HTTP 401" in refused.detail
    assert "sk-secret" not in Results(tmp_path).path.read_text()
    assert (await _run(evaluation))[FIXED].status == "passed"


async def test_a_case_that_takes_too_long_is_stopped_and_judged(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: --timeout."""
    models = _Models([_writes(REPAIRS[FIXED]), Step(text="x", before=asyncio.Event().wait)])
    found = (await _run(replace(_evaluation(tmp_path, [FIXED], models), seconds=5)))[FIXED]
    assert (found.status, found.reason) == ("passed", "deadline")
    assert "stopped after 5 s" in found.detail


async def test_an_unknown_price_is_not_taken_for_nothing(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: no figure that was not measured."""
    models = _Models([Step(text="Done.", cost_usd=None, input_tokens=5)])
    assert (await _run(_evaluation(tmp_path, [FAILED], models)))[FAILED].cost_usd is None


async def test_a_language_that_is_missing_is_skipped_in_words_and_not_for_good(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: cases whose language is not installed are skipped."""
    models = _Models()
    evaluation = _evaluation(tmp_path, [FAILED], models)
    found = (await _run(replace(evaluation, programs={"shell": "no-such-shell"})))[FAILED]
    assert found.status == "skipped"
    assert found.detail == "skipped, since no-such-shell is not among the system's programs"
    assert (models.made, Results(tmp_path).read()) == (0, [])


async def test_nothing_is_measured_where_agents_could_read_the_hidden_tests(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: tests that the agent never sees."""
    evaluation = replace(_evaluation(tmp_path, [FAILED], _Models()), hidden=Path("/usr/bin/env"))
    with pytest.raises(ConfigurationError, match="could read the hidden tests"):
        await _run(evaluation)


async def test_two_evaluations_do_not_share_a_directory(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: a case is run once."""
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigurationError, match="Another evaluation is at work"):
        await _run(_evaluation(tmp_path, [FAILED], _Models()))
