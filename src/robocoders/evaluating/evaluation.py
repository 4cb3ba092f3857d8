"""An evaluation: all cases, one after the other, each at most once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock, Timeout

import robocoders
from robocoders.errors import ConfigurationError
from robocoders.evaluating.attempting import DEADLINE, Attempt, attempt
from robocoders.evaluating.cases import Case, Language, case_folder
from robocoders.evaluating.preludes import PROGRAMS
from robocoders.evaluating.results import Result, Results, Status
from robocoders.workspace.seal import Seal, unavailable

if TYPE_CHECKING:
    from pydantic_ai.models import Model

__all__ = ["DEFAULT_SECONDS", "Evaluation", "evaluate"]

DEFAULT_SECONDS = 1800.0
"""The longest one case may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is to be evaluated.

    Args:
        model: The model's name, as it is told in the results.
        make_model: Makes it, for each case anew.
        directory: Where results and workspaces are kept; made when it is missing.
        cases: The cases.
        model_url: Where the model is, where that was said.
        seconds: The longest one case may take.
        hidden: What no agent may see.
        programs: What runs the programs of each language.
    """

    model: str
    make_model: Callable[[], Model]
    directory: Path
    cases: Sequence[Case]
    model_url: str | None = None
    seconds: float = DEFAULT_SECONDS
    hidden: Path = field(default_factory=case_folder)
    programs: Mapping[Language, str] = field(default_factory=lambda: PROGRAMS)

    def result(self, case: Case, status: Status, detail: str = "") -> Result:
        """A result of a case that says no more."""
        return Result(
            case=case.id,
            digest=case.digest,
            language=case.language,
            model=self.model,
            model_url=self.model_url,
            version=robocoders.__version__,
            status=status,
            detail=detail,
            tests=len(case.expected),
        )


async def evaluate(evaluation: Evaluation, *, begins: Callable[[Case], None] | None = None) -> AsyncIterator[Result]:
    """Run the cases that were not judged yet; each result is on the disk before it comes.

    Results of cases that were judged earlier, with this model, come as they are. A case whose model gave no answer, or
    whose language is missing here, is run again the next time.

    Args:
        evaluation: What is to be evaluated.
        begins: Told each case that is run.

    Raises:
        SealError: Nothing can be run here.
        ConfigurationError: Another evaluation uses the directory, its results cannot be read, or an agent could read
            the hidden tests.
    """
    directory = evaluation.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"Another evaluation is at work in {directory}.") from None
    try:
        results = Results(directory)
        final = results.final(evaluation.model, evaluation.model_url)
        missing: dict[Language, str] | None = None
        for case in evaluation.cases:
            if (known := final.get((case.id, case.digest))) is not None:
                yield known
                continue
            if missing is None:
                missing = await _missing(evaluation, directory)
            if case.language in missing:
                yield evaluation.result(case, "skipped", missing[case.language])
                continue
            if begins is not None:
                begins(case)
            found = await attempt(case, evaluation.make_model, directory, seconds=evaluation.seconds)
            result = _judged(evaluation, case, found)
            results.add(result)
            yield result
    finally:
        lock.release()


def _judged(evaluation: Evaluation, case: Case, found: Attempt) -> Result:
    outcome, verdict = found.outcome, found.verdict
    status: Status = "error" if verdict is None else "passed" if verdict.is_pass else "failed"
    detail = outcome.text if verdict is None or outcome.reason == DEADLINE else ""
    if verdict is not None and verdict.ended_by is not None:
        detail = f"{detail} The hidden tests were ended: {verdict.ended_by}.".strip()
    usage = outcome.usage
    return msgspec.structs.replace(
        evaluation.result(case, status, detail),
        reason=outcome.reason,
        tests_passed=0 if verdict is None else verdict.passed,
        failed_tests=() if verdict is None else verdict.failed,
        requests=usage.get("requests", 0),
        steps=usage.get("tool_calls", 0),
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cost_usd=outcome.cost_micro_usd / 1_000_000 if found.is_priced else None,
        seconds=round(found.seconds, 3),
        started_at=found.started_at,
    )


async def _missing(evaluation: Evaluation, directory: Path) -> dict[Language, str]:
    """Why cases of a language cannot be run here, for each of which that is so.

    Raises:
        SealError: Nothing can be run here.
        ConfigurationError: The hidden tests can be read where agents are.
    """
    if (why := await asyncio.to_thread(unavailable)) is not None:
        raise why.error()
    place = directory / "workspaces" / ".probe"
    place.mkdir(parents=True, exist_ok=True)
    async with Seal(place, masked=(evaluation.hidden,)) as seal:
        # A hidden directory may be there, empty, or not be there at all.
        seen = await seal.run(["sh", "-c", 'ls -A -- "$1" 2>/dev/null', "sh", str(evaluation.hidden)], shell=False)
        if seen.stdout.strip():
            raise ConfigurationError(
                f"Agents could read the hidden tests in {evaluation.hidden}, so nothing would be measured. Install "
                "robocoders into a virtual environment (python3 -m venv) and run the evaluation from there."
            )
        found: dict[Language, str] = {}
        for language, program in evaluation.programs.items():
            if (await seal.run(["sh", "-c", f"command -v {program}"], shell=False)).exit_code != 0:
                found[language] = f"skipped, since {program} is not among the system's programs"
        return found
