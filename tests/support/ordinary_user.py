"""Running a program as a user without any rights, where the tests themselves run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.repository import PACKAGE

__all__ = ["ORDINARY_USER", "directory_of_ordinary_user", "run_as_ordinary_user"]

ORDINARY_USER = 64_321


@contextmanager
def directory_of_ordinary_user() -> Generator[Path]:
    """An empty directory that belongs to that user and that everybody can reach."""
    path = Path(tempfile.mkdtemp(prefix="robocoders-tests-"))
    try:
        if os.geteuid() == 0:
            os.chown(path, ORDINARY_USER, ORDINARY_USER)
        yield path
    finally:
        shutil.rmtree(path)


def run_as_ordinary_user(program: str, *arguments: str) -> str:
    """Run a Python program without dependencies as that user, or as oneself where that is no root; its output."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    user = ORDINARY_USER if os.geteuid() == 0 else None
    command = [_interpreter(), "-S", "-c", program, *arguments]
    done = subprocess.run(
        command,
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else [user],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _interpreter() -> str:
    """An interpreter that other users can reach, too."""
    own = os.path.realpath(sys.executable)
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in Path(own).parents):
        return own
    found = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    assert found is not None, "no interpreter can be reached by an ordinary user"
    return found
