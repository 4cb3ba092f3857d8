"""The environment that the model server runs in: apart from this project's, and never in its lock file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from tests.support.repository import ROOT

__all__ = ["DIRECTORY", "VARIABLE", "make_environment", "server_python"]

VARIABLE = "ROBOCODERS_TEST_BABBLE_DIR"
"""Names the directory that holds the environment; where it is unset the tests are off."""

_NAMED = os.environ.get(VARIABLE, "")
DIRECTORY = Path(_NAMED).absolute() if _NAMED else None
"""Read when this is imported: later every test gets an environment without such variables."""

_PINS = Path(__file__).with_name("python-servers.txt")


def server_python(directory: Path) -> Path:
    """Return the interpreter that has the model server, whether it is there or not."""
    return directory / "environment" / "bin" / "python"


def make_environment(directory: Path) -> Path:
    """Install the pinned model server below a directory, where it is not there yet; return its interpreter.

    About 35 MB come from the package registry, as wheels only: nothing is compiled.
    """
    directory.mkdir(parents=True, exist_ok=True)
    python, pins = server_python(directory), _PINS.read_text(encoding="utf-8")
    installed = directory / "installed.txt"
    with FileLock(directory / "installing.lock"):
        if python.exists() and installed.exists() and installed.read_text(encoding="utf-8") == pins:
            return python
        folder = python.parents[1]
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv", path=f"{ROOT / '.tools' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        if uv is None:
            _run(sys.executable, "-m", "venv", folder)
            _run(python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement", _PINS)
        else:
            _run(uv, "venv", "--quiet", "--no-project", "--python", sys.executable, folder)
            _run(uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, "--requirement", _PINS)
        installed.write_text(pins, encoding="utf-8")
    return python


def _run(*command: str | Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run([*map(str, command)], env=environment, stdin=subprocess.DEVNULL, check=True)
