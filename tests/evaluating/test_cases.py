from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from robocoders.errors import ConfigurationError
from robocoders.evaluating.cases import Case, read_case, select, shipped_cases
from robocoders.evaluating.checking import check
from robocoders.workspace.seal import Limits, Seal
from tests.evaluating.repairs import REPAIRS

CASES = shipped_cases()
OWN_TESTS = {"python": "python3 -m unittest", "javascript": "node --test", "shell": "sh ./test.sh"}

SMALL = """
language = "python"
title = "One is two"
prompt = "Repair it."

[files]
"one.py" = "ONE = 2"

[hidden]
program = '''
import one
check("one", lambda: one.ONE)
'''
expected = '''
one 1
'''
"""


def by_case() -> list[object]:
    """Each case; those of JavaScript where it is installed."""
    node = [pytest.mark.needs_node]
    return [pytest.param(case, id=case.id, marks=node if case.language == "javascript" else []) for case in CASES]


def test_there_are_twelve_in_three_languages() -> None:
    """Promise: docs/command.md, robocoders eval: twelve small repositories in Python, JavaScript, shell."""
    assert Counter(case.language for case in CASES) == {"python": 6, "javascript": 3, "shell": 3}
    assert {case.id for case in CASES} == set(REPAIRS)
    assert all(case.id.startswith(case.language) for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_is_a_whole_repository_without_its_hidden_tests(case: Case) -> None:
    """Promise: docs/command.md, robocoders eval: the agent never sees the tests that judge it."""
    assert {"README.md"} < set(case.files)
    assert len(case.files) >= 3
    assert len(case.prompt.split()) > 20
    assert len(case.expected) >= 9
    visible = "\n".join([case.prompt, *case.files.values()])
    hidden = [line for line in case.program.splitlines() if line.startswith("check(")]
    assert hidden or case.language == "shell"
    assert not [line for line in hidden if line in visible]


@pytest.mark.needs_bubblewrap
@pytest.mark.parametrize("case", by_case())
async def test_the_planted_defect_fails_and_its_repair_passes(case: Case, tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: passed or failed by hidden tests, run in the seal."""
    planted, repaired = tmp_path / "planted", tmp_path / "repaired"
    for root in (planted, repaired):
        root.mkdir()
        case.write(root)
    for path, text in REPAIRS[case.id].items():
        (repaired / path).write_text(text)
    async with Seal(planted, limits=Limits(wall_seconds=8)) as seal:
        assert (await seal.run(OWN_TESTS[case.language], shell=True)).exit_code == 0
        found = await check(case, seal)
        assert not found.is_pass
    async with Seal(repaired) as seal:
        assert (await seal.run(OWN_TESTS[case.language], shell=True)).exit_code == 0
        verdict = await check(case, seal)
    assert (verdict.failed, verdict.passed, verdict.ended_by) == ((), len(case.expected), None)


def test_a_case_changes_its_digest_with_its_text() -> None:
    """Promise: docs/command.md, robocoders eval: a case that was judged is not run again; another one is."""
    assert read_case("small", SMALL).digest != read_case("small", SMALL.replace("Repair", "Mend")).digest


@pytest.mark.parametrize(
    "text", ["[", "language = 'python'", SMALL.replace('"python"', '"cobol"'), SMALL.replace("'''\nexpected", "'''\nx")]
)
def test_what_is_no_case_is_named(text: str) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    with pytest.raises(ConfigurationError, match="small"):
        read_case("small", text)


def test_cases_are_chosen_by_name() -> None:
    """Promise: docs/command.md, robocoders eval: --only."""
    assert [case.id for case in select(CASES, ["shell-rotate-logs"])] == ["shell-rotate-logs"]
    assert select(CASES, []) == CASES
    with pytest.raises(ConfigurationError, match=r"No case is called 'nothing'\. There are: javascript-event-bus, "):
        select(CASES, ["nothing"])
