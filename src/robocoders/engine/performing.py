"""One turn as a function over steps: what it needs comes in, its events go out, an outcome comes back.

Nothing here knows of queues, readers or other turns. After a crash the same function is called again from its
beginning; what it had committed it gets back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robocoders.agents.running import DEFAULT_REQUEST_LIMIT, Emit, Live, Outcome, Steps, TurnInput
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.engine import endings
from robocoders.engine.history import read_history
from robocoders.engine.private_workspaces import make_private_workspace
from robocoders.store import SessionRow, Store, TurnRow
from robocoders.wire.protocol import Reason
from robocoders.workspace.files import Workspace

__all__ = ["Performer", "RunTurn", "Traces"]

RunTurn = Callable[[TurnInput, Emit], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Traces:
    """Where what a turn does goes.

    Attributes:
        emit: Takes its events.
        steps: Carries out its steps.
        live: Takes the text of the event to come.
        capabilities: What makes its requests to the model steps, too.
    """

    emit: Emit
    steps: Steps
    live: Live
    capabilities: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs turns.

    Attributes:
        store: Where sessions and the log are.
        data_dir: Where private workspaces and search indexes are.
        resolve_model: Makes a model of its name; None hands the name on.
        run_turn: Runs an agent.
    """

    store: Store
    data_dir: Path
    resolve_model: Callable[[str], Any] | None
    run_turn: RunTurn

    async def perform(self, session: SessionRow, turn: TurnRow, traces: Traces) -> Outcome:
        """Run one turn to its end and return how it ended.

        Raises:
            RobocodersError: What stood in the way, told for people.
        """
        if turn.only_continues:
            earlier = await self._earlier_reason(turn)
            if earlier not in Reason.ALLOWANCES:
                return endings.unasked(earlier)
        turn_input = TurnInput(
            agent=turn.agent,
            prompt=turn.prompt,
            model=await self._model(turn.model),
            workspace=await in_worker_thread(self._workspace, session),
            index_dir=self.data_dir / "index",
            history=await read_history(self.store, turn),
            request_limit=_request_limit(turn.limits),
            steps=traces.steps,
            live=traces.live,
            capabilities=traces.capabilities,
        )
        return await self.run_turn(turn_input, traces.emit)

    async def _earlier_reason(self, turn: TurnRow) -> str | None:
        closed = await self.store.closed_turns(turn.session_id, before_number=turn.number, limit=1)
        return closed[0].turn.reason if closed else None

    async def _model(self, name: str) -> Any:
        return name if self.resolve_model is None else await in_worker_thread(self.resolve_model, name)

    def _workspace(self, session: SessionRow) -> Workspace:
        if session.workspace_kind == "directory" and session.workspace_ref is not None:
            root = Path(session.workspace_ref)
        else:
            root = make_private_workspace(self.data_dir, session.id)
        inside = self.data_dir.resolve().is_relative_to(root.resolve())
        return Workspace(root, masked=(self.data_dir,) if inside else ())


def _request_limit(limits: dict[str, Any]) -> int:
    """Return the allowance of requests to the model in one turn: the limit `iterations`, where the session has one."""
    given = limits.get("iterations")
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    return DEFAULT_REQUEST_LIMIT
