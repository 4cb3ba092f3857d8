"""`robocoders doctor`: what is missing on this machine, and the one line that mends it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from robocoders.cli.attack import attack as try_everything
from robocoders.cli.checks import Check, State, checks
from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.options import JsonlOption

__all__ = ["doctor"]

_MARKS = {State.OK: "ok", State.LATER: "--", State.MISSING: "!!"}

_AttackOption = Annotated[
    bool,
    typer.Option("--attack", help="Try to get out of a sealed workspace in every way known; takes about a minute."),
]


def doctor(*, attack: _AttackOption = False, jsonl: JsonlOption = False) -> None:
    """Say what is missing on this machine and the one line that mends it; the exit code is 1 when the basics fail.

    With --attack, commands and file tools try to get out of a sealed workspace; the exit code is 0 when nothing did.
    """
    if attack:
        if not asyncio.run(try_everything(jsonl=jsonl)):
            raise typer.Exit(ExitCode.FAILED)
        return
    if jsonl:
        raise typer.BadParameter("--jsonl goes with --attack.")
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
