"""`robocoders doctor --attack`: whether anything gets out of a seal on this very machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from robocoders.cli.terminal import say

if TYPE_CHECKING:
    from robocoders.workspace.attacks import Result

__all__ = ["attack"]


async def attack(*, jsonl: bool) -> bool:
    """Make all attempts, print one line for each group of them, or one JSON object for each.

    Returns:
        Whether nothing got out.

    Raises:
        SealError: Commands cannot be sealed here, so nothing was tried.
    """
    from robocoders.workspace.attacks import ATTEMPTS, run_attacks  # noqa: PLC0415 -- seldom needed

    last = {group: list(attempts)[-1] for group, attempts in groupby(ATTEMPTS, lambda attempt: attempt.group)}
    group: list[Result] = []
    results: list[Result] = []
    async for result in run_attacks():
        results.append(result)
        group.append(result)
        if jsonl:
            print(json.dumps(_record(result)), flush=True)  # noqa: T201 - data for standard output
        elif result.attempt is last[result.attempt.group]:
            for line in _lines(group):
                print(line, flush=True)  # noqa: T201 - data for standard output
            group = []
    succeeded = [result for result in results if result.has_succeeded]
    verdict = f"{len(succeeded)} got out" if succeeded else "nothing got out"
    say(f"{len(results)} attempts in {sum(result.seconds for result in results):.0f} s: {verdict}.")
    return not succeeded


def _lines(group: list[Result]) -> Iterator[str]:
    succeeded = [result for result in group if result.has_succeeded]
    mark, verdict = ("!!", f"{len(succeeded)} got out") if succeeded else ("ok", "nothing got out")
    yield f"{mark}  {group[0].attempt.group:<18} {len(group)} attempts, {verdict}"
    for result in succeeded:
        findings = "; ".join(map(str, result.findings))
        yield f"    {'':<18} {result.attempt.id}, to {result.attempt.tries}: {findings}"


def _record(result: Result) -> dict[str, Any]:
    return {
        "id": result.attempt.id,
        "tries": result.attempt.tries,
        "got_out": result.has_succeeded,
        "findings": [{"sign": str(found.sign), "detail": found.detail} for found in result.findings],
        "ended": result.ended,
        "seconds": round(result.seconds, 3),
    }
