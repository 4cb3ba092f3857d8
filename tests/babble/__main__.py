"""Install the model server where it is missing, and run the tests that talk to it; arguments go to pytest."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.babble.environment import DIRECTORY, VARIABLE, make_environment
from tests.support.repository import ROOT

if __name__ == "__main__":
    directory = DIRECTORY or ROOT / ".tools" / "babble"
    make_environment(directory)
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), *sys.argv[1:]]
    os.execve(sys.executable, command, {**os.environ, VARIABLE: str(directory)})
