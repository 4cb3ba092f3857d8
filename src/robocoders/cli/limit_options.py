"""Flags that say what may be used: by the commands of agents, and by users."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from robocoders.agents.budget import Ceilings
    from robocoders.workspace.seal import Limits

__all__ = [
    "CommandCpuSecondsOption",
    "CommandFileSizeOption",
    "CommandMemoryOption",
    "CommandOutputOption",
    "CommandProcessesOption",
    "CommandSecondsOption",
    "UserCeilingMoneyOption",
    "UserCeilingSecondsOption",
    "UserCeilingTokensOption",
    "WorkspaceSizeOption",
    "ceilings",
    "command_limits",
    "size",
]

_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,15})(?P<unit>[KMGT]?)(?:i?B)?", re.IGNORECASE)
_LIMITS: Final = (
    "wall_seconds",
    "cpu_seconds",
    "memory_bytes",
    "processes",
    "file_bytes",
    "output_bytes",
    "workspace_bytes",
)
_UNITS: Final = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def size(text: str) -> int:
    """The bytes of a size such as `512M` or `2G` (powers of 1024); without a unit they are bytes.

    Raises:
        BadParameter: It is no size, or it is 0.
    """
    found = _SIZE.fullmatch(text.strip())
    amount = int(found["number"]) << _UNITS[found["unit"].upper()] if found else 0
    if amount == 0:
        raise typer.BadParameter(f"{text!r} is no size: write a number and K, M or G, for instance 512M")
    return amount


CommandSecondsOption = Annotated[
    float | None,
    typer.Option("--command-seconds", metavar="SECONDS", min=0.1, help="How long a command may take (600)."),
]
CommandCpuSecondsOption = Annotated[
    int | None,
    typer.Option("--command-cpu-seconds", metavar="SECONDS", min=1, help="A command's CPU time, all in all (600)."),
]
CommandMemoryOption = Annotated[
    int | None,
    typer.Option("--command-memory", metavar="SIZE", parser=size, help="Memory of a prompt's commands (2G)."),
]
CommandProcessesOption = Annotated[
    int | None,
    typer.Option("--command-processes", metavar="N", min=1, help="Processes and threads at once (512)."),
]
CommandFileSizeOption = Annotated[
    int | None,
    typer.Option("--command-file-size", metavar="SIZE", parser=size, help="The largest file a command writes (1G)."),
]
CommandOutputOption = Annotated[
    int | None,
    typer.Option("--command-output", metavar="SIZE", parser=size, help="How much a command may print (1M)."),
]
WorkspaceSizeOption = Annotated[
    int | None,
    typer.Option("--workspace-size", metavar="SIZE", parser=size, help="What a workspace may grow to (4G)."),
]
UserCeilingMoneyOption = Annotated[
    float | None,
    typer.Option("--user-ceiling-money-usd", metavar="USD", min=0, help="What one user may spend, all in all."),
]
UserCeilingTokensOption = Annotated[
    int | None,
    typer.Option("--user-ceiling-tokens", metavar="N", min=0, help="Tokens of one user, all in all."),
]
UserCeilingSecondsOption = Annotated[
    int | None,
    typer.Option("--user-ceiling-seconds", metavar="SECONDS", min=0, help="Working time for one user, all in all."),
]


def command_limits(
    of_commands: tuple[float | None, int | None, int | None, int | None],
    of_sizes: tuple[int | None, int | None, int | None],
) -> Limits | None:
    """The usual limits with those that were given in their place; None where none was.

    Args:
        of_commands: Seconds, seconds of CPU time, bytes of memory, processes.
        of_sizes: Bytes of one file, of output, of the workspace.
    """
    given = zip(_LIMITS, (*of_commands, *of_sizes), strict=True)
    wanted: dict[str, Any] = {name: value for name, value in given if value is not None}
    if not wanted:
        return None
    from robocoders.workspace.seal import Limits  # noqa: PLC0415 - only where a server starts

    return Limits(**wanted)


def ceilings(money_usd: float | None, tokens: int | None, seconds: int | None) -> Ceilings | None:
    """The ceilings of a user; None where there is none."""
    if money_usd is None and tokens is None and seconds is None:
        return None
    from robocoders.agents.budget import Ceilings  # noqa: PLC0415 - only where a server starts

    # By way of its text: 0.1 means a tenth.
    micro_usd = None if money_usd is None else int(Decimal(str(money_usd)) * 1_000_000)
    return Ceilings(cost_micro_usd=micro_usd, tokens=tokens, seconds=seconds)
