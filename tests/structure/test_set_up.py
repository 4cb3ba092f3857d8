from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

TOOLS = ("dirname", "rm", "sh", "touch")
WITHOUT_VENV = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1;; esac
exec {sys.executable} "$@"
"""
TOO_OLD = "#!/bin/sh\nexit 1\n"


def set_up(folder: Path, pythons: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up in an empty folder, on a machine that has these interpreters and no uv."""
    commands = folder / "bin"
    commands.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (commands / tool).symlink_to(found)
    for name, script in pythons.items():
        (commands / name).write_text(script, encoding="utf-8")
        (commands / name).chmod(0o755)
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "set-up", folder / "scripts" / "set-up")
    return subprocess.run(
        [str(folder / "scripts" / "set-up")],
        env={"HOME": os.environ["HOME"], "PATH": str(commands), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("pythons", "environment", "advice"),
    [
        ({"python3": WITHOUT_VENV}, {}, "apt install python3-venv"),
        ({"python3": WITHOUT_VENV}, {"PYTHON": "python3"}, "apt install python3-venv"),
        ({"python3": TOO_OLD}, {}, "Python 3.11 or newer is needed"),
        ({}, {}, "Python 3.11 or newer is needed"),
        ({"python3": TOO_OLD}, {"PYTHON": "python3"}, "PYTHON=python3 is no Python 3.11 or newer"),
        ({}, {"PYTHON": "python9"}, "PYTHON=python9 is no Python 3.11 or newer"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    pythons: dict[str, str], environment: dict[str, str], advice: str, tmp_path: Path
) -> None:
    """Promise: CONTRIBUTING, first paragraph (Python 3.11 or newer; Debian's `python3` may lack `venv`)."""
    ended = set_up(tmp_path, pythons, **environment)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert advice in ended.stderr
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".tools").exists()
