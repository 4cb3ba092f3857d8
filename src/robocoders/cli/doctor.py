"""`robocoders doctor`: what is missing on this machine, and the one line that mends it."""

from __future__ import annotations

import typer

from robocoders.cli.checks import Check, State, checks
from robocoders.cli.exit_codes import ExitCode

__all__ = ["doctor"]

_MARKS = {State.OK: "ok", State.LATER: "--", State.MISSING: "!!"}


def doctor() -> None:
    """Say what is missing on this machine and the one line that mends it; the exit code is 1 when the basics fail."""
    found = checks()
    for check in found:
        _print(check)
    missing = [check.name for check in found if check.state is State.MISSING]
    print(f"\nMissing: {', '.join(missing)}" if missing else "\nAll that is needed is here.")  # noqa: T201
    if missing:
        raise typer.Exit(ExitCode.FAILED)


def _print(check: Check) -> None:
    print(f"{_MARKS[check.state]}  {check.name:<18} {check.detail}")  # noqa: T201 - data for standard output
    for line in check.more:
        print(f"    {'':<18} {line}")  # noqa: T201
    if check.mend and check.state is not State.OK:
        print(f"    {'':<18} mend it: {check.mend}")  # noqa: T201
