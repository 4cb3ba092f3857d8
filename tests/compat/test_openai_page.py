from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.compat.installing import Installations
from tests.compat.openai_clients import NODE_PACKAGE, interpreter
from tests.support.documents import Block, blocks
from tests.support.repository import ROOT

pytestmark = pytest.mark.unmeasured

GREETED = "I am a robocoders agent"

_PAGE = (ROOT / "docs" / "openai.md").read_text(encoding="utf-8")
_ADDRESS = "http://127.0.0.1:8760"
_CLIENTS = {
    "OpenAI's Python library": "openai",
    "LangChain": "langchain-openai",
    "LiteLLM": "litellm",
    "g4f": "g4f",
    "llm": "llm",
}


def _snippet(heading: str) -> Block:
    """The first block below a heading."""
    place = next(number for number, line in enumerate(_PAGE.splitlines(), 1) if re.fullmatch(f"#+ {heading}", line))
    return next(block for block in blocks(_PAGE) if block.line > place)


@pytest.fixture
def address(tmp_path: Path) -> Generator[str]:
    """The address of a server that runs as its user starts it."""
    command = [sys.executable, "-m", "robocoders", "serve", "--port", "0"]
    with (
        (tmp_path / "server.log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert address, (tmp_path / "server.log").read_text(encoding="utf-8")
            yield address
        finally:
            server.terminate()


def _run(script: str, address: str, folder: Path, first_on_path: Path, **variables: str) -> str:
    """Run commands of a page for the server at an address, in a shell that stops at the first failure."""
    places = [first_on_path, Path(sys.executable).parent]
    ended = subprocess.run(
        ["sh", "-eu", "-c", script.replace(_ADDRESS, address)],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]]), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _whole(snippet: Block, interpreter: str | Path, folder: Path) -> str:
    """What to run for a snippet, after what the page says comes first."""
    first = _snippet("Use it from ...").text
    if snippet.language == "sh":
        return first + snippet.text
    path = folder / {"python": "snippet.py", "javascript": "snippet.mjs"}[snippet.language]
    path.write_text(snippet.text, encoding="utf-8")
    return first + shlex.join(map(str, (interpreter, path)))


@pytest.mark.needs_registry
@pytest.mark.parametrize("heading", _CLIENTS)
def test_a_snippet_runs_as_it_is_written(
    heading: str, installations: Installations, address: str, tmp_path: Path
) -> None:
    """Promise: docs/openai.md, use it from: the package as it is in its registry, the commands as they stand there."""
    python = interpreter(_CLIENTS[heading], installations)
    script = _whole(_snippet(heading), python, tmp_path)
    printed = _run(script, address, tmp_path, python.parent, LITELLM_LOCAL_MODEL_COST_MAP="True")
    assert GREETED in printed


@pytest.mark.needs_registry
@pytest.mark.needs_node
def test_a_snippet_for_node_runs_as_it_is_written(installations: Installations, address: str, tmp_path: Path) -> None:
    """Promise: docs/openai.md, use it from OpenAI's library for Node.js."""
    (tmp_path / "node_modules").symlink_to(installations.node(NODE_PACKAGE) / "node_modules")
    script = _whole(_snippet("OpenAI's library for Node.js"), "node", tmp_path)
    assert GREETED in _run(script, address, tmp_path, tmp_path)


@pytest.mark.needs_curl
@pytest.mark.parametrize(("heading", "says"), [("curl", '"sid":'), ("pydantic-ai", "")])
def test_a_snippet_for_what_is_here_runs_as_it_is_written(
    heading: str, says: str, address: str, tmp_path: Path
) -> None:
    """Promise: docs/openai.md, use it from curl and pydantic-ai."""
    printed = _run(_whole(_snippet(heading), sys.executable, tmp_path), address, tmp_path, tmp_path)
    assert GREETED in printed
    assert says in printed


@pytest.mark.needs_curl
def test_the_example_of_the_readme_runs(address: str, tmp_path: Path) -> None:
    """Promise: README, the OpenAI dialects."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = [block for block in blocks(readme) if block.tested_by and "openai_page" in block.tested_by]
    assert GREETED in _run(example.text, address, tmp_path, tmp_path)
