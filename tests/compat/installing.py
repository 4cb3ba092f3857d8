"""Other people's clients, each installed unmodified from its registry into a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.support.repository import ROOT

_PINS = Path(__file__).with_name("python-clients.txt")
_INSTALL_SECONDS = 110

# Read before a test gets an empty home: how this machine reaches its registries, and what it downloaded already.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}


def _run(*command: str | Path, cwd: Path) -> None:
    ended = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"{command[0]} could not install: {ended.stderr or ended.stdout}"


@dataclass(frozen=True)
class Installations:
    """Where the clients of one test run are; parallel workers share them, and the first to ask installs.

    Args:
        root: A folder that all workers of this test run know.
    """

    root: Path

    def python(self, requirement: str, *others: str) -> Path:
        """Return the folder of a virtual environment that holds what is required."""
        wanted = ("--constraint", _PINS, requirement, *others)
        return self._once(requirement, lambda folder: self._install(folder, *wanted))

    def pinned(self, pins: Path) -> Path:
        """Return the folder of a virtual environment that holds what a file names, and nothing else."""
        wanted = ("--no-deps", "--requirement", pins)
        return self._once(pins.stem, lambda folder: self._install(folder, *wanted))

    def node(self, requirement: str) -> Path:
        """Return the folder with the `node_modules` of a package for Node.js."""

        def install(folder: Path) -> None:
            folder.mkdir()
            (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
            quiet = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            _run("npm", "install", *quiet, requirement, cwd=folder)

        return self._once(requirement, install)

    def _install(self, folder: Path, *wanted: str | Path) -> None:
        uv = shutil.which("uv", path=f"{ROOT / '.tools' / 'bin'}{os.pathsep}{_ENVIRONMENT.get('PATH', os.defpath)}")
        python = folder / "bin" / "python"
        if uv is None:
            _run(sys.executable, "-m", "venv", folder, cwd=self.root)
            _run(python, "-m", "pip", "install", "--quiet", *wanted, cwd=self.root)
        else:
            _run(uv, "venv", "--quiet", "--no-project", "--python", sys.executable, folder, cwd=self.root)
            _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted, cwd=self.root)

    def _once(self, name: str, install: Callable[[Path], None]) -> Path:
        folder = self.root / name
        done = self.root / f"{name}.installed"
        with FileLock(self.root / f"{name}.lock", timeout=_INSTALL_SECONDS):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                install(folder)
                done.touch()
        return folder
