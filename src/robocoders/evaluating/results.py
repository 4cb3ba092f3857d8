"""The results of an evaluation: a file of JSON lines that grows with each case."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from robocoders.errors import ConfigurationError

__all__ = ["Result", "Results", "Status", "encode"]

Status = Literal["passed", "failed", "error", "skipped"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case.

    Args:
        case: Its id.
        digest: Of which state of the case.
        language: What it is written in.
        model: The model, as it was named.
        model_url: Where it is, where that was said.
        version: Of robocoders.
        status: `passed` or `failed` by the hidden tests; `error`: the model gave no answer; `skipped`: its language is
            missing here.
        reason: Why the agent's turn ended, as in its closing message; `deadline` where it took too long.
        detail: A sentence on what went wrong; empty where nothing did.
        tests_passed: How many hidden tests passed.
        tests: How many there are.
        failed_tests: The names of those that did not pass.
        requests: Requests to the model.
        steps: Calls of tools.
        input_tokens: All tokens of the requests.
        output_tokens: All tokens of the answers.
        cost_usd: What they cost by the library's table of prices; None where a price is not in it.
        seconds: From the prompt to the end of the turn, the hidden tests not included.
        started_at: UTC, ISO 8601.
    """

    case: str
    digest: str
    language: str
    model: str
    model_url: str | None
    version: str
    status: Status
    reason: str = ""
    detail: str = ""
    tests_passed: int = 0
    tests: int = 0
    failed_tests: tuple[str, ...] = ()
    requests: int = 0
    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    started_at: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the case need not be run again: it was judged."""
        return self.status in {"passed", "failed"}


def encode(result: Result) -> bytes:
    """The result as one JSON object, without a line end."""
    return msgspec.json.encode(result)


class Results:
    """The file `results.jsonl` in a directory.

    Args:
        directory: Where it is; made when something is added.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "results.jsonl"

    def read(self) -> list[Result]:
        """All results in it, in the order in which they came; a line that was cut off while written is left out.

        Raises:
            ConfigurationError: A line before the last one is no result.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        results: list[Result] = []
        for place, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                results.append(msgspec.json.decode(line, type=Result))
            except msgspec.DecodeError as error:
                if place == len(lines):
                    break
                raise ConfigurationError(f"Line {place} of {self.path} is no result: {error}") from error
        return results

    def add(self, result: Result) -> None:
        """Write a result to the end of the file, and to the disk. A line that was cut off is taken away first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole != len(content):
                file.truncate(whole)
            file.write(encode(result) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def final(self, model: str, model_url: str | None) -> dict[tuple[str, str], Result]:
        """The judged results of a model, by case and digest."""
        return {
            (result.case, result.digest): result
            for result in self.read()
            if result.is_final and (result.model, result.model_url) == (model, model_url)
        }
