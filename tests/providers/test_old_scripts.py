from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.standin.server import StandIn
from tests.support.repository import ROOT
from tests.support.service import running_service

GENERATOR_SCRIPT = """
import asyncio
from typing import AsyncGenerator, List

from {package}.models import Model, GENERAL
from {package}.providers.RobocodersAPI import RobocodersAPI

async def relay(model: str, messages: List[dict]) -> AsyncGenerator[str, None]:
    async for response in RobocodersAPI.create_async_generator(model=model, messages=messages):
        yield response

async def main():
    async for message in relay('GeneralCodingAgent', [{{"role": "user", "content": "Hello, how are you?"}}]):
        print(message, end="")

if __name__ == "__main__":
    asyncio.run(main())
"""

SESSION_SCRIPT = """
import asyncio
import aiohttp

from {package}.providers.RobocodersAPI import RobocodersAPI

async def show():
    async with aiohttp.ClientSession() as session:
        access_token, session_id = await RobocodersAPI._get_or_create_access_and_session(session)
        print(f"Access Token: {{access_token}}")
        print(f"Session ID: {{session_id}}")

if __name__ == "__main__":
    asyncio.run(show())
"""

WAYS = {"robocoders": [], "g4f": ["-m", "robocoders.as_g4f"]}


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; warnings are errors there too."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("package", WAYS)
def test_a_script_with_the_documented_imports_gets_its_answer(tmp_path: Path, package: str) -> None:
    """Promise: README: the first example of the provider's documentation runs, by its new name and by its old one."""
    write(tmp_path, {"script.py": GENERATOR_SCRIPT.format(package=package)})
    with running_service(tmp_path / "data"):
        ended = run([*WAYS[package], "script.py"], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "You said: Hello, how are you?" in ended.stdout


@pytest.mark.parametrize("package", WAYS)
def test_a_script_with_a_session_of_its_own_gets_token_and_session(tmp_path: Path, package: str) -> None:
    """Promise: README: the second example runs with no variable set, by its new name and by its old one."""
    write(tmp_path, {"script.py": SESSION_SCRIPT.format(package=package)})
    with running_service(tmp_path / "data") as service:
        ended = run([*WAYS[package], "script.py"], tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        token, sid = (line.partition(": ")[2] for line in ended.stdout.splitlines())
        assert service.send("GET", f"/sessions/{sid}", token=token).status == 200


@pytest.mark.parametrize(
    ("name", "printed"), [("old_example.py", "You said: Hello"), ("old_session_example.py", "session: ")]
)
def test_the_examples_run(tmp_path: Path, name: str, printed: str) -> None:
    """Promise: README, examples."""
    with running_service(tmp_path / "data"):
        ended = run([str(ROOT / "examples" / name)], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert printed in ended.stdout


def test_the_script_sees_its_own_arguments_and_folder(tmp_path: Path) -> None:
    """Promise: the provider's guide, old import names: as `python SCRIPT` runs it."""
    write(
        tmp_path,
        {
            "scripts/beside.py": "VALUE = 'found'\n",
            "scripts/script.py": "import sys, beside, g4f\n"
            "from g4f import providers\n"
            "print(sys.argv, beside.VALUE, __name__, g4f.models.GENERAL.name, providers.__name__)\n",
        },
    )
    ended = run(["-m", "robocoders.as_g4f", "scripts/script.py", "-x", "y"], tmp_path)
    assert ended.stderr == ""
    assert ended.stdout == "['scripts/script.py', '-x', 'y'] found __main__ GeneralCodingAgent robocoders.providers\n"


def test_the_exit_code_of_the_script_is_kept(tmp_path: Path) -> None:
    """Promise: the provider's guide, old import names: as `python SCRIPT` runs it."""
    write(tmp_path, {"script.py": "raise SystemExit(7)\n"})
    assert run(["-m", "robocoders.as_g4f", "script.py"], tmp_path).returncode == 7


def test_where_the_real_package_is_installed_nothing_is_run(tmp_path: Path) -> None:
    """Promise: the provider's guide, old import names: the real package is never hidden."""
    write(tmp_path, {"g4f/__init__.py": "", "script.py": "print('ran')\n"})
    ended = run(["-m", "robocoders.as_g4f", "script.py"], tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "real g4f package" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["no-such-script.py"], ["."]])
def test_without_a_script_it_says_how_it_is_used(tmp_path: Path, arguments: list[str]) -> None:
    """Promise: the provider's guide, old import names."""
    ended = run(["-m", "robocoders.as_g4f", *arguments], tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: python -m robocoders.as_g4f SCRIPT")


def test_no_package_of_the_old_name_comes_along(tmp_path: Path) -> None:
    """Promise: the provider's guide, old import names: they hold in that process only."""
    assert run(["-c", "import g4f"], tmp_path).stderr.endswith("No module named 'g4f'\n")
    assert len((ROOT / "src" / "robocoders" / "as_g4f.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_old_name_talks_to_any_server_of_the_original_protocol(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README: a provider script runs against any server that speaks the original protocol."""
    monkeypatch.setenv("ROBOCODERS_BASE_URL", server.url)
    write(tmp_path, {"script.py": GENERATOR_SCRIPT.format(package="g4f")})
    ended = run(["-m", "robocoders.as_g4f", "script.py"], tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "Hello.\nHello.")
    assert server.runs[0].prompt == "Hello, how are you?"
