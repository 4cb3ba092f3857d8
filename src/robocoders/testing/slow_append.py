"""A tool with an effect that can be seen: it appends a line to a file, slowly, and says each piece as it writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePath

from pydantic_ai.messages import ToolReturn
from pydantic_ai.tools import RunContext, Tool

from robocoders.agents.steps import Live, StepResult
from robocoders.agents.tool_context import ToolContext
from robocoders.events import RunAction, RunArgs, RunExtras, RunObservation

__all__ = ["slow_append_tool"]

_PAUSE_SECONDS = 0.01


async def _pause() -> None:
    await asyncio.sleep(_PAUSE_SECONDS)


def slow_append_tool(directory: Path, *, pause: Callable[[], Awaitable[object]] = _pause) -> Tool[ToolContext]:
    """The tool `slow_append` with the arguments `file` (a name), `line` and `piece_length` (in characters).

    Each call is one step that is not repeatable. What a killed server had written of a line stays as it is, without a
    line end; the next line begins on a line of its own. Two calls at once belong into different files.

    Args:
        directory: Where the files are; made when it is missing.
        pause: Awaited after each piece.
    """

    async def slow_append(ctx: RunContext[ToolContext], file: str, line: str, piece_length: int = 4) -> ToolReturn:
        """Append a line to a file."""
        command = f"slow_append {file}"

        async def work(_action_id: int, live: Live) -> StepResult:
            path = directory / PurePath(file).name
            _begin_line(path)
            for start in range(0, len(line), piece_length):
                piece = line[start : start + piece_length]
                _append(path, piece)
                await live.write(piece)
                await pause()
            _append(path, "\n")
            observation = RunObservation(message="Appended", content=line, extras=RunExtras(command=command))
            return StepResult(observation=observation, text=f"Appended to {file}: {line}", data={"line": line})

        action = RunAction(message=f"Appending to {file}", args=RunArgs(command=command))
        arguments = {"file": file, "line": line, "piece_length": piece_length}
        result = await ctx.deps.steps.run("slow_append", arguments, action, work)
        return ToolReturn(result.text, metadata=result.data)

    return Tool(slow_append, name="slow_append")


def _begin_line(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not (path.read_bytes() or b"\n").endswith(b"\n"):
        _append(path, "\n")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
