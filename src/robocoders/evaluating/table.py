"""The results of an evaluation as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from robocoders.evaluating.results import Result

__all__ = ["table"]

_HEADINGS = ("case", "result", "tests", "requests", "steps", "tokens in", "out", "US$", "seconds")
_TEXTS = 2
"""How many columns hold words, aligned to the left."""


def table(results: Sequence[Result]) -> str:
    """One line a case and a last one with the sums; unknown prices and what was not judged are said below."""
    rows = [_HEADINGS, *(_row(result) for result in results), _sums(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(_cell(row[at], widths[at], at) for at in range(len(row))).rstrip() for row in rows]
    lines.insert(-1, "-" * max(map(len, lines)))
    return "\n".join([*lines, *_notes(results)])


def _row(result: Result) -> tuple[str, ...]:
    if result.status == "skipped":
        return (result.case, "skipped", *[""] * (len(_HEADINGS) - 2))
    return (
        result.case,
        result.status,
        f"{result.tests_passed}/{result.tests}",
        *_numbers(result.requests, result.steps, result.input_tokens, result.output_tokens),
        _money(result.cost_usd),
        f"{result.seconds:.1f}",
    )


def _sums(results: Sequence[Result]) -> tuple[str, ...]:
    done = [result for result in results if result.status != "skipped"]
    priced = [result.cost_usd for result in done]
    return (
        f"{len(results)} cases",
        f"{sum(result.status == 'passed' for result in results)} passed",
        f"{sum(result.tests_passed for result in done)}/{sum(result.tests for result in done)}",
        *_numbers(
            sum(result.requests for result in done),
            sum(result.steps for result in done),
            sum(result.input_tokens for result in done),
            sum(result.output_tokens for result in done),
        ),
        _money(None if None in priced else sum(cost for cost in priced if cost is not None)),
        f"{sum(result.seconds for result in done):.1f}",
    )


def _notes(results: Sequence[Result]) -> list[str]:
    notes = [f"{result.case}: {result.detail}" for result in results if result.detail]
    if any(result.cost_usd is None and result.status != "skipped" for result in results):
        notes.append("US$ ?: the price of this model is not in the library's table.")
    return ["", *notes] if notes else []


def _numbers(*values: int) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _money(cost: float | None) -> str:
    return "?" if cost is None else f"{cost:.4f}"


def _cell(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < _TEXTS else text.rjust(width)
