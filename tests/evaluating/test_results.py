from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from robocoders.errors import ConfigurationError
from robocoders.evaluating.results import Result, Results, encode
from robocoders.evaluating.table import table

PASSED = Result(
    case="a-case",
    digest="1",
    language="python",
    model="m",
    model_url=None,
    version="1",
    status="passed",
    reason="finished",
    tests_passed=3,
    tests=3,
    requests=4,
    steps=7,
    input_tokens=1200,
    output_tokens=34,
    cost_usd=0.0125,
    seconds=61.25,
)


def test_results_are_lines_that_come_back_the_same(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: `results.jsonl`, a line a case."""
    results = Results(tmp_path / "new" / "folder")
    assert results.read() == []
    failed = msgspec.structs.replace(PASSED, status="failed", failed_tests=("x", "y"))
    results.add(PASSED)
    results.add(failed)
    assert results.read() == [PASSED, failed]
    assert results.path.read_bytes() == encode(PASSED) + b"\n" + encode(failed) + b"\n"
    assert results.final("m", None) == {("a-case", "1"): failed}


def test_a_line_that_was_cut_off_is_no_result_and_spoils_none(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: goes on where it was stopped, by a power cut, too."""
    results = Results(tmp_path)
    results.add(PASSED)
    with results.path.open("ab") as file:
        file.write(encode(PASSED)[:40])
    assert results.read() == [PASSED]
    results.add(PASSED)
    assert results.read() == [PASSED, PASSED]


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    (tmp_path / "results.jsonl").write_text('{"other": 1}\n\n')
    with pytest.raises(ConfigurationError, match=r"Line 1 of .*results.jsonl is no result"):
        Results(tmp_path).read()


def test_the_table_has_a_line_a_case_and_the_sums() -> None:
    """Promise: docs/command.md, robocoders eval: a table."""
    failed = msgspec.structs.replace(PASSED, case="b", status="failed", tests_passed=1, detail="It was slow.")
    assert table([PASSED, failed]).splitlines() == [
        "case     result    tests  requests  steps  tokens in  out     US$  seconds",
        "a-case   passed      3/3         4      7       1200   34  0.0125     61.2",
        "b        failed      1/3         4      7       1200   34  0.0125     61.2",
        "-" * 74,
        "2 cases  1 passed    4/6         8     14       2400   68  0.0250    122.5",
        "",
        "b: It was slow.",
    ]


def test_what_was_skipped_and_what_has_no_known_price_is_said() -> None:
    """Promise: docs/command.md, robocoders eval: no figure that was not measured."""
    skipped = msgspec.structs.replace(PASSED, status="skipped", detail="skipped, since node is missing")
    unpriced = msgspec.structs.replace(PASSED, cost_usd=None)
    shown = table([skipped, unpriced])
    assert "a-case   skipped" in shown
    assert shown.count(" ? ") == 2
    assert "skipped, since node is missing" in shown
    assert "not in the library's table" in shown
