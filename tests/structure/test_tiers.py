from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

SUITE = """
import os
import pytest

def test_that_skips_itself():
    pytest.skip("no such thing here")

@pytest.mark.needs_registry
def test_that_downloads():
    pass

@pytest.mark.xfail(reason="known")
def test_that_is_known_to_fail():
    assert False

@pytest.mark.unmeasured
def test_that_is_not_measured():
    assert "COVERAGE_PROCESS_CONFIG" not in os.environ
"""


def summary(folder: Path, **environment: str) -> str:
    """Run the small suite in a process of its own and return what pytest prints."""
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (folder / "test_whole.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  needs_registry: x\n  unmeasured: x\n", encoding="utf-8")
    plugins = ["-p", "tests.support.no_skips", "-p", "tests.support.tiers", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "--continue-on-collection-errors", *plugins, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout


def test_what_is_skipped_is_listed_with_its_reason(tmp_path: Path) -> None:
    """Promise: README, start (`make test` says what it left out and why)."""
    printed = summary(tmp_path, COVERAGE_PROCESS_CONFIG="")
    assert "no such thing here" in printed
    assert "downloads from a package registry" in printed
    assert "1 passed, 3 skipped, 1 xfailed" in printed


@pytest.mark.unmeasured
def test_where_everything_is_required_a_skip_is_a_failure(tmp_path: Path) -> None:
    """Promise: CONTRIBUTING, a change (`.ci/run` takes a skipped test for a failed one), whole modules too."""
    printed = summary(tmp_path, ROBOCODERS_TEST_REQUIRE_ALL="1")
    assert "test_that_skips_itself was skipped where nothing may be skipped" in printed
    assert "test_whole.py was skipped where nothing may be skipped" in printed
    assert "skipped," not in printed.splitlines()[-1]
