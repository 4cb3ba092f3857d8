"""Programs that speak to a server as to OpenAI: each in a process of its own, heard line by line."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ["Program", "openai_variables", "running"]

_BOUND_SECONDS = 60.0


def openai_variables(url: str, token: str) -> dict[str, str]:
    """What docs/openai.md lets one set, for a server at this address."""
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": token}


class Program:
    """A running program that prints a line of JSON for whatever a test may want to know.

    Args:
        process: It, with pipes.
        errors: The file with its standard error.
    """

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._process, self._errors = process, errors

    def heard(self) -> Any:
        """The next thing that it says; it has to say one more."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"it ended with {self._process.wait()}: {self.complaints()}"
        return json.loads(line)

    def tell(self, text: str = "") -> None:
        """Give it a line on standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def rest(self) -> list[Any]:
        """All that it still says; it has to end well."""
        assert self._process.stdout is not None
        said = [json.loads(line) for line in self._process.stdout]
        assert self._process.wait() == 0, self.complaints()
        return said

    def complaints(self) -> str:
        """What it has said on standard error."""
        self._errors.seek(0)
        return self._errors.read()


@contextmanager
def running(command: Sequence[str | Path], folder: Path, variables: Mapping[str, str]) -> Generator[Program]:
    """Run a program in a folder until the block ends; one that takes a minute is ended, and the test fails."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        bound = threading.Timer(_BOUND_SECONDS, process.kill)
        bound.start()
        try:
            yield Program(process, errors)
        finally:
            bound.cancel()
            process.kill()
