"""What sealing a command costs over running it bare, one at a time, and what a new seal costs.

python -m bench.command_overhead [--commands 100] [--seals 10] [--json]

Where the package `pydantic_ai_harness` can be imported, its sandbox runs the same command in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic_ai.workspaces import LocalWorkspaceBackend, Workspace

from bench.measuring import arguments, percentile, tell
from robocoders.workspace.seal import Seal

__all__ = ["measure"]

_COMMAND = ["/bin/true"]
_SCRIPT = "echo one; echo two >&2; exit 3"
_WARM_UP = 5


async def measure(folder: Path, *, commands: int, seals: int) -> dict[str, Any]:
    """Times in milliseconds; kinds of commands take turns, so that all see the same machine.

    Args:
        folder: An empty folder.
        commands: How often each kind runs.
        seals: How many seals are started and closed.
    """
    starts = [await _start(folder) for _ in range(seals)]
    async with Seal(folder) as seal:

        async def sealed() -> None:
            await seal.run(_COMMAND, shell=False)

        async def sealed_script() -> None:
            await seal.run(_SCRIPT, shell=True)  # noqa: S604 -- sealed

        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "bare": _bare,
            "sealed": sealed,
            "bare_script": _bare_script,
            "sealed_script": sealed_script,
        }
        harness = _harness(folder)
        if harness is not None:
            kinds["harness_sandbox"] = harness
        times = await _take_turns(kinds, commands)
    figures: dict[str, Any] = {"commands": commands}
    for name, values in times.items():
        figures[f"{name}_median_ms"] = percentile(values, 0.5)
        figures[f"{name}_p95_ms"] = percentile(values, 0.95)
    figures["overhead_median_ms"] = figures["sealed_median_ms"] - figures["bare_median_ms"]
    figures["overhead_script_median_ms"] = figures["sealed_script_median_ms"] - figures["bare_script_median_ms"]
    figures["seal_start_median_ms"] = percentile(starts, 0.5)
    figures["harness_sandbox_measured"] = harness is not None
    return figures


async def _take_turns(kinds: dict[str, Callable[[], Awaitable[None]]], count: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(count + _WARM_UP):
        for name, run in kinds.items():
            begun = time.perf_counter()
            await run()
            if turn >= _WARM_UP:
                times[name].append((time.perf_counter() - begun) * 1000)
    return times


async def _start(folder: Path) -> float:
    async with Seal(folder) as seal:
        begun = time.perf_counter()
        await seal.start()
        return (time.perf_counter() - begun) * 1000


async def _bare() -> None:
    await _run_bare(*_COMMAND)


async def _bare_script() -> None:
    await _run_bare("/bin/bash", "-c", _SCRIPT)


async def _run_bare(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    await process.communicate()


def _harness(folder: Path) -> Callable[[], Awaitable[None]] | None:
    with contextlib.suppress(ImportError):
        sandbox: Any = importlib.import_module("pydantic_ai_harness.bubblewrap_sandbox")
        workspace: Any = sandbox.BubblewrapWorkspace(Workspace(LocalWorkspaceBackend(folder)))

        async def run() -> None:
            await workspace.run(_COMMAND)

        return run
    return None


def main() -> None:
    """Measure and tell."""
    options = arguments(__doc__, commands=100, seals=10)
    with tempfile.TemporaryDirectory(prefix="robocoders-bench-") as folder:
        figures = asyncio.run(measure(Path(folder), commands=options.commands, seals=options.seals))
    tell(figures, as_json=options.json)


if __name__ == "__main__":
    main()
