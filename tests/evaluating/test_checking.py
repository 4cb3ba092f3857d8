from __future__ import annotations

from pathlib import Path

import pytest

from robocoders.evaluating.cases import read_case
from robocoders.evaluating.checking import Verdict, check
from robocoders.workspace.seal import Limits, Seal
from tests.evaluating.test_cases import SMALL

pytestmark = pytest.mark.needs_bubblewrap

CASE = read_case("small", SMALL.replace("one 1", "one 1\ntwo 2"))


async def judged(root: Path, **files: str) -> Verdict:
    """What the hidden tests of the small case come to with these files, named without their suffix."""
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    async with Seal(root, limits=Limits(wall_seconds=3)) as seal:
        return await check(CASE, seal)


async def test_each_hidden_test_is_told_apart(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: tests passed, by their names."""
    assert await judged(tmp_path, one="ONE = 1") == Verdict(1, ("two",))


async def test_what_a_program_prints_besides_is_no_matter(tmp_path: Path) -> None:
    """Promise: ours; a line for debugging is no failure."""
    noisy = "import sys\nprint('one 1')\nprint('x', file=sys.stderr)\nONE = 1"
    assert (await judged(tmp_path, one=noisy)).passed == 1


@pytest.mark.parametrize(
    "one",
    [
        "import os\nos._exit(0)",
        "import sys\nsys.exit(0)",
        "raise SystemExit(0)",
        "import os, sys\nprint('OK', 'Ran 2 tests', 'passed', flush=True)\nos.kill(os.getpid(), 9)",
        "import builtins\nbuiltins.print = lambda *a, **k: None\nONE = 1",
        "class One(int):\n    __eq__ = lambda self, other: True\nONE = One(2)",
        "import __main__\n__main__.check = lambda *a: None\nONE = 1",
        "import __main__\nfor n in '123':\n    print(__main__.MARK, 'one', n)\nONE = 1",
        "while True:\n    pass",
        "import this_module_does_not_exist",
    ],
    ids=["os-exit", "sys-exit", "raise", "killed", "print", "equal-to-all", "no-check", "guesses", "endless", "broken"],
)
async def test_an_attack_on_the_hidden_tests_does_not_pass(tmp_path: Path, one: str) -> None:
    """Promise: docs/command.md, robocoders eval: what a repository says of itself counts for nothing."""
    assert (await judged(tmp_path, one=one)).passed == 0


async def test_a_module_in_the_place_of_the_languages_own_does_not_pass(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: what a repository says of itself counts for nothing."""
    fake = "dumps = lambda *a, **k: 'true'\nloads = dumps"
    site = "import os\nos._exit(0)"
    assert (await judged(tmp_path, json=fake, one="ONE = 2")).passed == 0
    assert (await judged(tmp_path, sitecustomize=site, conftest=site, unittest=site, one="ONE = 2")).passed == 0


async def test_tests_that_never_end_are_ended(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: whatever is run has its limits."""
    found = await judged(tmp_path, one="while True:\n    pass")
    assert found.ended_by == "wall_clock"
    assert not found.is_pass
