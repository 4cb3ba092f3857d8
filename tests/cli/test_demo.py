from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

BOUND_SECONDS = 100.0
DEMO = (sys.executable, str(ROOT / "examples/demo.py"))


def processes_that_mention(text: str) -> list[str]:
    """The command lines of running processes with this text in them."""
    found: list[str] = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            line = (directory / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        if text in line:
            found.append(line)
    return found


def test_the_demo_shows_the_example_and_answers_about_this_repository(tmp_path: Path, home: Path) -> None:
    """Promise: README, start (`make demo`): what it prints, and counts; nothing is left behind."""
    ended = subprocess.run(
        DEMO,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=BOUND_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "from g4f.providers.RobocodersAPI import RobocodersAPI" in ended.stdout
    assert "Hello, how are you?" in ended.stdout
    assert "I am a robocoders agent" in ended.stdout
    assert re.search(r"`src/robocoders/[\w/]+\.py:\d+`", ended.stdout)
    assert re.search(r"^ +1  \S+  recall", ended.stdout, re.MULTILINE)
    assert re.search(r"\$ kill -9 \d+\n", ended.stdout)
    assert "These words are withdrawn" in ended.stdout
    assert "ids 1..7, 0 lost, 0 repeated, the prompt ran once\n" in ended.stdout
    assert "stopped now" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert list(tmp_path.glob("robocoders-demo-*")) == []
    assert processes_that_mention(str(tmp_path)) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("moment", ["ready at", "kill -9"])
def test_an_interrupted_demo_stops_its_services(moment: str, tmp_path: Path) -> None:
    """Promise: README, start (`make demo`): Ctrl-C, which reaches every process of the terminal's group."""
    demo = subprocess.Popen(
        DEMO,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if moment in line:
            break
    os.killpg(demo.pid, signal.SIGINT)
    _, err = demo.communicate(timeout=BOUND_SECONDS)
    assert demo.returncode == 130, err
    assert "Traceback" not in err
    assert processes_that_mention(str(tmp_path)) == []
    assert list(tmp_path.glob("robocoders-demo-*")) == []
