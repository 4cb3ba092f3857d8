"""A real server in this process whose agent follows a script, for the command to talk to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.events import ErrorObservation, MessageAction, MessageArgs, RecallAction, RecallArgs
from tests.support.service import RunningService, Turns, running_service

__all__ = ["Script", "scripted"]


@dataclass
class Script(Turns):
    """As `Turns`; besides, `end REASON` ends with this reason, and `stumble` meets an error on its way."""

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
        word, _, reason = turn.prompt.partition(" ")
        if word == "end":
            self.seen.append(turn)
            return Outcome(reason=reason, text=f"It ended: {reason}")
        if word == "stumble":
            self.seen.append(turn)
            cause = await emit(RecallAction(message="Searching", args=RecallArgs(query="x")))
            await emit(ErrorObservation(content="the index is gone", cause=cause))
            await emit(MessageAction(message="Trying again.", args=MessageArgs(content="Trying again.")))
            return Outcome(reason="finished", text="Found it.")
        return await super().run(turn, emit)


@contextmanager
def scripted(
    data_dir: Path, *, script: Script | None = None, **values: Any
) -> Generator[tuple[RunningService, Script]]:
    """Run the server; the commands of this test's home find it by themselves."""
    script = script or Script()
    with running_service(data_dir, turns=script, **values) as service:
        yield service, script
