from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.documents import SCRIPTS, blocks, pages_for_users
from tests.support.repository import collected_from, modules_with_tests, relative
from tests.support.snippets import is_runnable, matches, run


@contextmanager
def serving(log: Path) -> Generator[str]:
    """Run `robocoders serve` in a child process, on a free port, for this test's home; give its address."""
    with log.open("wb") as errors:
        command = [sys.executable, "-m", "robocoders", "serve", "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert address, log.read_text(encoding="utf-8")
            yield address
        finally:
            server.terminate()
            server.communicate(timeout=30)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A small repository to ask about: where a reader of the pages would stand."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "README.md").write_text("# Example\n\nA cache for answers.\n", encoding="utf-8")
    (folder / "cache.py").write_text(
        'def write_credential_cache(path, data):\n    """Write the credential cache."""\n    path.write_text(data)\n',
        encoding="utf-8",
    )
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.mark.parametrize("page", pages_for_users(), ids=relative)
def test_the_code_blocks_of_a_page_run(page: Path, workspace: Path, tmp_path: Path) -> None:
    """Promise: CONTRIBUTING, words (code blocks in documents are run), against a service of this test's own."""
    runnable = [block for block in blocks(page.read_text(encoding="utf-8")) if is_runnable(block)]
    if not runnable:
        return
    with serving(tmp_path / "server.log"):
        failures = {f"{relative(page)}:{block.line}": run(block, workspace) for block in runnable}
    assert {place: failure for place, failure in failures.items() if failure is not None} == {}


@pytest.mark.parametrize("page", pages_for_users(), ids=relative)
def test_a_code_block_is_run_or_says_why_not(page: Path) -> None:
    """Promise: CONTRIBUTING, words (a block names its language, and its test or its reason when it is not run)."""
    existing = {node_id for module in modules_with_tests() for node_id in collected_from(module)}
    for block in blocks(page.read_text(encoding="utf-8")):
        place = f"{relative(page)}:{block.line}"
        assert block.language, f"{place} names no language"
        assert block.not_run is None or len(block.not_run.split()) > 1, f"{place} gives no reason"
        assert block.tested_by is None or block.tested_by in existing, f"{place} names no test: {block.tested_by}"


def test_blocks_are_found_with_their_remarks() -> None:
    """Promise: CONTRIBUTING, words (the remark stands before the block)."""
    page = (
        "```python\nprint(1)\n```\n\n<!-- not run: it never ends -->\n\n  ```sh\n  serve\n  ```\n"
        "<!-- tested by: tests/a.py::test_b -->\n````console\n$ a\n```\n````\n```\n"
    )
    found = [(block.language, block.text, block.not_run, block.tested_by) for block in blocks(page)]
    assert found == [
        ("python", "print(1)\n", None, None),
        ("sh", "serve\n", "it never ends", None),
        ("console", "$ a\n```\n", None, "tests/a.py::test_b"),
        ("", "\n", None, None),
    ]


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_a_block_that_fails_is_noticed(language: str, tmp_path: Path) -> None:
    """Promise: CONTRIBUTING, words (a check that finds nothing must be able to)."""
    failing = {"python": "raise SystemExit(3)\n", "sh": "false\ntrue\n", "console": "$ false\n"}[SCRIPTS[language]]
    fine = {"python": "print(1)\n", "sh": "true\n", "console": "$ echo one two\none ...\n"}[SCRIPTS[language]]
    (bad,) = blocks(f"```{language}\n{failing}```\n")
    (good,) = blocks(f"```{language}\n{fine}```\n")
    assert run(bad, tmp_path) is not None
    assert run(good, tmp_path) is None


def test_what_a_console_prints_is_compared(tmp_path: Path) -> None:
    """Promise: CONTRIBUTING, words (what a page shows is what one gets)."""
    (block,) = blocks("```console\n$ echo one\none\n$ echo two\nthree\n```\n")
    assert "two" in (run(block, tmp_path) or "")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [("a ... c", "a b c\n", True), ("a.c", "abc", False), ("a\n...\nz", "a\nb\nc\nz", True), ("a", "a b", False)],
)
def test_three_dots_stand_for_anything(expected: str, printed: str, same: bool) -> None:  # noqa: FBT001 - a parameter
    """Promise: CONTRIBUTING, words (what differs from run to run is left open)."""
    assert matches(expected, printed) is same
