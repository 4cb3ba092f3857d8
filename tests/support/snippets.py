"""Running the code blocks of a page as its reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.documents import SCRIPTS, Block

TIMEOUT_SECONDS = 90


def is_runnable(block: Block) -> bool:
    """Whether a test runs this block: its language is one that runs and no remark says otherwise."""
    return block.language in SCRIPTS and block.not_run is None and block.tested_by is None


def run(block: Block, folder: Path) -> str | None:
    """Run a block in a folder; return None when all went well, else what went wrong.

    Python runs as a script, `sh` in a shell that stops at the first failure. Of `console`, the lines behind `$ ` run
    one by one, and what they print is compared with the lines below; there `...` stands for anything.
    """
    kind = SCRIPTS[block.language]
    if kind == "python":
        script = folder / f"block_{block.line}.py"
        script.write_text(block.text, encoding="utf-8")
        return _failure([sys.executable, "-W", "error", str(script)], folder)
    if kind == "sh":
        return _failure(["sh", "-eu", "-c", block.text], folder)
    for command, expected in _dialogue(block.text):
        failure = _failure(["sh", "-eu", "-c", command], folder, expected)
        if failure is not None:
            return failure
    return None


def _dialogue(text: str) -> list[tuple[str, str]]:
    """Split a console into the commands and what each prints."""
    steps = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(step.partition("\n")[0], step.partition("\n")[2]) for step in steps]


def _failure(command: list[str], folder: Path, expected: str = "") -> str | None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {TIMEOUT_SECONDS} s"
    if ended.returncode != 0:
        return f"exit code {ended.returncode}: {ended.stderr or ended.stdout}"
    if expected.strip() and not matches(expected, ended.stdout):
        return f"it printed {ended.stdout!r} and not {expected!r}"
    return None


def matches(expected: str, printed: str) -> bool:
    """Whether a text is as expected, where `...` stands for anything; white space at the end does not count."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), flags=re.DOTALL) is not None
