from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "old-scripts.md"
TEST = "tests/compat/test_document.py::test_the_recipe_works_as_it_is_written"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.needs_openssl
@pytest.mark.needs_curl
@pytest.mark.unmeasured
@pytest.mark.usefixtures("authority")
def test_the_recipe_works_as_it_is_written(home: Path) -> None:
    """Promise: docs/old-scripts.md, the recipe and its undoing, line for line; only the port is another one."""
    port = str(_free_port())
    recipe, undo = [block.text for block in blocks(PAGE.read_text(encoding="utf-8")) if block.tested_by == TEST]
    make, serve, run = recipe.replace("8761", port).strip().split("\n\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}

    def shell(text: str) -> str:
        ended = subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    shell(make)
    command = serve.partition("\n")[2]
    with (home / "server.log").open("wb") as errors:
        server = subprocess.Popen(
            # `exec`: the process that is ended is the server and no shell around it.
            ["sh", "-eu", "-c", command.replace(" robocoders serve", " exec robocoders serve", 1)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert server.stdout is not None
        try:
            assert select.select([server.stdout], [], [], 30)[0], "the server did not say that it is ready"
            assert server.stdout.readline().strip() == f"https://127.0.0.1:{port}"
            assert 'id="token">' in shell(run)
        finally:
            server.terminate()
            server.communicate(timeout=30)
    shell(undo)
    left = [path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()]
    assert left == ["server.log"]
