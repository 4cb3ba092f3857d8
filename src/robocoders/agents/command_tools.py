"""The tools that run something: a shell command, Python code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ToolReturn  # noqa: TC002 - the library reads the signatures of tools
from pydantic_ai.tools import RunContext  # noqa: TC002 - the library reads the signatures of tools

from robocoders.agents.bounding import MODEL_CHARACTERS, cut_middle
from robocoders.agents.carrying_out import RefusedError, carry_out
from robocoders.agents.command_output import CommandOutput
from robocoders.agents.event_table import Done
from robocoders.agents.steps import Live
from robocoders.agents.tool_context import ToolContext

if TYPE_CHECKING:
    from robocoders.agents.sealing import Finished

__all__ = ["ENDED_BY", "run_command", "run_python"]

_LONGEST_ARGUMENT_BYTES = 100_000
"""Linux takes no argument of a program beyond 128 KiB (`execve(2)`, MAX_ARG_STRLEN)."""

ENDED_BY: Mapping[str, str] = MappingProxyType(
    {
        "wall_clock": "It was ended because it took longer than it may. Run something shorter, or a part of it; a "
        "server is started in the background (`command >log 2>&1 &`).",
        "cpu": "It was ended because it used more processor time than it may.",
        "memory": "It was ended because it used more memory than it may.",
        "processes": "It was ended because it had more processes than it may.",
        "output": "It was ended because it wrote more output than it may. Write to a file instead, and look at parts.",
        "workspace_size": "It was ended because the workspace grew larger than it may. Remove what is not needed.",
        "cancelled": "It was ended because the turn was cancelled.",
    }
)
"""What is told of a command that a limit ended, by the limit."""


async def run_command(
    ctx: RunContext[ToolContext], command: str, timeout_seconds: int = 0, thought: str = ""
) -> ToolReturn:
    """Run a shell command in the workspace and tell its exit code and output.

    It starts in the workspace's root, in a shell of its own: what it sets is gone with it. There is no input to type.
    What it leaves running in the background is reached by later commands and ends with this turn.

    Args:
        ctx: The turn.
        command: What the shell reads.
        timeout_seconds: The longest it may take; 0 for as long as any command may.
        thought: Why, in one sentence, for the user to see.
    """
    arguments = {"command": command, "timeout_seconds": timeout_seconds}

    async def work(action_id: int, live: Live) -> Done:
        return await _run(ctx.deps, command, live, action_id, timeout_seconds=timeout_seconds, named=command)

    return await carry_out(ctx, arguments, thought, work)


async def run_python(
    ctx: RunContext[ToolContext], code: str, timeout_seconds: int = 0, thought: str = ""
) -> ToolReturn:
    """Run Python code in the workspace, in an interpreter of its own, and tell what it printed.

    Args:
        ctx: The turn.
        code: The program; only what it prints is told.
        timeout_seconds: The longest it may take; 0 for as long as any command may.
        thought: Why, in one sentence, for the user to see.
    """
    arguments = {"code": code, "timeout_seconds": timeout_seconds}

    async def work(action_id: int, live: Live) -> Done:
        program = ("python3", "-c", code)
        return await _run(ctx.deps, program, live, action_id, timeout_seconds=timeout_seconds, named=code)

    return await carry_out(ctx, arguments, thought, work)


async def _run(
    turn: ToolContext,
    command: str | Sequence[str],
    live: Live,
    action_id: int,
    *,
    timeout_seconds: int,
    named: str,
) -> Done:
    if turn.seal is None:
        raise RefusedError(turn.seal_refusal)
    if "\0" in named or not named.strip():
        raise RefusedError(
            "There is nothing to run." if "\0" not in named else "A command cannot hold a null character."
        )
    if len(named.encode("utf-8", "surrogatepass")) > _LONGEST_ARGUMENT_BYTES:
        raise RefusedError(f"This is longer than {_LONGEST_ARGUMENT_BYTES} bytes. Write it to a file and run that.")
    output = CommandOutput(live)
    timeout = float(timeout_seconds) if timeout_seconds > 0 else None
    try:
        finished = await turn.seal.run(command, shell=isinstance(command, str), timeout=timeout, on_output=output.take)
    except OSError as error:
        raise RefusedError(f"It could not be started: {error.strerror or 'the system refused it'}.") from error
    return _done(finished, output.text, action_id)


def _done(finished: Finished, output: str, action_id: int) -> Done:
    ending = "" if finished.ended_by is None else ENDED_BY.get(finished.ended_by, "A limit ended it.")
    data: dict[str, Any] = {
        "command_id": action_id,
        "exit_code": finished.exit_code,
        "ended_by": finished.ended_by,
        "ending": ending,
        "output": cut_middle(output, MODEL_CHARACTERS),
    }
    lines = [f"Exit code {finished.exit_code}."]
    lines += [ending] if ending else []
    lines.append(data["output"] if output else "It wrote nothing.")
    between = "" if not output or output.endswith("\n") else "\n"
    return Done(text="\n".join(lines), shown=f"{output}{between}{ending}", data=data)
