from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import robocoders
from tests.support.repository import ROOT

# Read before a test gets an empty home: the packages were downloaded once already.
_CACHE = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")

pytestmark = [pytest.mark.needs_registry, pytest.mark.unmeasured]


def uv(*arguments: str | Path) -> None:
    """Run uv, the machine's or the private one, with the cache that it already has."""
    private = ROOT / ".tools" / "bin" / "uv"
    command = str(private) if private.exists() else shutil.which("uv")
    assert command is not None, "uv is on PATH or in .tools after `make test`"
    environment = {**os.environ, "UV_CACHE_DIR": _CACHE, "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1"}
    environment.pop("VIRTUAL_ENV", None)
    ended = subprocess.run(
        [command, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The wheel as it would be published."""
    uv("build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", tmp_path / "dist")
    (built,) = (tmp_path / "dist").glob("*.whl")
    return built


@pytest.fixture
def installed(tmp_path: Path, wheel: Path) -> Path:
    """The commands of an environment into which only the wheel was installed, without extras."""
    pins = tmp_path / "pins.txt"
    uv("export", "--quiet", "--frozen", "--no-dev", "--no-hashes", "--no-emit-project", "--output-file", pins)
    uv("venv", "--quiet", "--no-project", "--python", sys.executable, tmp_path / "environment")
    commands = tmp_path / "environment" / "bin"
    uv("pip", "install", "--quiet", "--python", commands / "python", "--constraint", pins, wheel)
    return commands


def test_the_wheel_holds_all_that_belongs_to_the_package(wheel: Path) -> None:
    """Promise: README (what is installed is what is tested): types, prompts and migrations come along."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("robocoders/")}
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "robocoders").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == wanted
    assert "robocoders/py.typed" in packed


def test_the_wheel_alone_is_the_provider_and_the_client(installed: Path, tmp_path: Path) -> None:
    """Promise: README, install (`robocoders` without extras is the client)."""
    script = "from robocoders import AsyncRobocoders, Robocoders, RobocodersAPI; print(RobocodersAPI.default_model)"
    ended = subprocess.run(
        [installed / "python", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("GeneralCodingAgent\n", "")


def test_without_the_extra_the_command_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    """Promise: README, install (one line, exit 2); the version needs no extra."""
    version = subprocess.run(
        [installed / "robocoders", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (version.returncode, version.stdout) == (0, f"robocoders {robocoders.__version__}\n")

    ask = subprocess.run(
        [installed / "robocoders", "ask", "hello"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ask.returncode, ask.stdout, ask.stderr.count("\n")) == (2, "", 1)
    assert "robocoders[" in ask.stderr
