"""One attempt at a case: the agent at work on it in a seal, then the hidden tests in another one."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from robocoders.agents.budget import UNPRICED
from robocoders.agents.running import Outcome, TurnInput, run_turn
from robocoders.evaluating.cases import Case, case_folder
from robocoders.evaluating.checking import check
from robocoders.events import Event
from robocoders.wire.codec import encode_event
from robocoders.wire.protocol import Reason
from robocoders.workspace.files import Workspace
from robocoders.workspace.seal import Limits, Seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_ai.models import Model

    from robocoders.evaluating.checking import Verdict

__all__ = ["DEADLINE", "Attempt", "attempt"]

AGENT = "GeneralCodingAgent"

DEADLINE = "deadline"
"""The reason of a turn that took longer than it may."""

_LIMITS = Limits(wall_seconds=120, cpu_seconds=120, memory_bytes=1 << 30, workspace_bytes=1 << 30)

_TASK = """{prompt}

The repository is the current directory. Repair the cause, not one example; look at its README and its tests first, run
the tests afterwards. Nobody can answer questions.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of an attempt.

    Args:
        outcome: How the agent's turn ended.
        verdict: What the hidden tests came to; None where the model gave no answer.
        seconds: How long the turn took.
        started_at: UTC, ISO 8601.
    """

    outcome: Outcome
    verdict: Verdict | None
    seconds: float
    started_at: str

    @property
    def is_priced(self) -> bool:
        """Whether the prices of all requests are known."""
        return not self.outcome.usage.get(UNPRICED)


@dataclass(slots=True)
class _Log:
    """Writes the events of a turn to a file, as they would be on the wire."""

    path: Path
    count: int = field(default=0)

    async def emit(self, event: Event) -> int:
        self.count += 1
        at = datetime.now(UTC).replace(tzinfo=None).isoformat()
        with self.path.open("ab") as file:
            file.write(encode_event(msgspec.structs.replace(event, id=self.count, timestamp=at)) + b"\n")
        return self.count


async def attempt(case: Case, make_model: Callable[[], Model], directory: Path, *, seconds: float) -> Attempt:
    """Let the agent work on a case, then judge what it left.

    What stays in `directory`: the repository as the agent left it (`workspaces/CASE`) and its events
    (`events/CASE.jsonl`). What an earlier attempt left there goes.

    Args:
        case: The case.
        make_model: Makes the model that answers.
        directory: Where things are kept.
        seconds: The longest the agent's turn may take.

    Raises:
        SealError: Nothing can be run here.
        OSError: The directory cannot be used.
    """
    root, events = directory / "workspaces" / case.id, directory / "events" / f"{case.id}.jsonl"
    await asyncio.to_thread(_prepare, case, root, events)
    turn = TurnInput(
        agent=AGENT,
        prompt=_TASK.format(prompt=case.prompt),
        model=await asyncio.to_thread(make_model),
        workspace=Workspace(root),
        index_dir=directory / "indexes",
        seal=(seal := _seal(root)),
    )
    started_at, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    outcome = Outcome(reason=DEADLINE, text=f"The agent was stopped after {seconds:g} s.")
    try:
        async with asyncio.timeout(seconds):
            outcome = await run_turn(turn, _Log(events).emit)
    except TimeoutError:
        pass
    finally:
        await seal.close()
    took = time.monotonic() - began
    verdict = None
    if outcome.reason != Reason.ERROR:
        async with _seal(root) as judging:
            verdict = await check(case, judging)
    return Attempt(outcome=outcome, verdict=verdict, seconds=took, started_at=started_at)


def _seal(root: Path) -> Seal:
    return Seal(root, limits=_LIMITS, masked=(case_folder(),))


def _prepare(case: Case, root: Path, events: Path) -> None:
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    case.write(root)
    events.parent.mkdir(parents=True, exist_ok=True)
    events.write_bytes(b"")
