"""One turn as a function over steps: what it needs comes in, its events go out, an outcome comes back.

Nothing here knows of queues, readers or other turns. After a crash the same function is called again from its
beginning; what it had committed it gets back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robocoders.agents.budget import UNPRICED, Budget, BudgetEnded
from robocoders.agents.running import DEFAULT_SEAL_REFUSAL, Emit, Live, Outcome, Steps, TurnInput
from robocoders.agents.transcript import Transcript
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.engine import endings
from robocoders.engine.accounts import TurnAccount
from robocoders.engine.history import read_conversation
from robocoders.engine.limits import allowances_of, session_ceilings, user_ceilings
from robocoders.engine.private_workspaces import make_private_workspace
from robocoders.engine.sealing import SealedPlace, Sealing
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
        account: Keeps what it uses up.
        transcript: Keeps what it and its model say.
        place: Keeps its seal.
    """

    emit: Emit
    steps: Steps
    live: Live
    capabilities: Sequence[Any]
    account: TurnAccount
    transcript: Transcript
    place: SealedPlace


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs turns.

    Attributes:
        store: Where sessions and the log are.
        data_dir: Where private workspaces and search indexes are.
        resolve_model: Makes a model of its name; None hands the name on.
        run_turn: Runs an agent.
        sealing: How what it runs is sealed.
    """

    store: Store
    data_dir: Path
    resolve_model: Callable[[str], Any] | None
    run_turn: RunTurn
    sealing: Sealing

    async def perform(self, session: SessionRow, turn: TurnRow, traces: Traces) -> Outcome:
        """Run one turn to its end and return how it ended.

        Raises:
            RobocodersError: What stood in the way, told for people.
        """
        if turn.only_continues:
            earlier = await self._earlier_reason(turn)
            if earlier not in Reason.ALLOWANCES:
                return endings.unasked(earlier)
        allowances = allowances_of(turn.limits)
        budget = Budget(
            allowances,
            session=session_ceilings(turn.limits),
            user=user_ceilings(turn.limits),
            account=traces.account,
        )
        earlier_words = await read_conversation(self.store, turn)
        workspace = await in_worker_thread(self._workspace, session)
        refusal = await self.sealing.refusal()
        turn_input = TurnInput(
            agent=turn.agent,
            prompt=turn.prompt,
            model=await self._model(turn.model),
            workspace=workspace,
            index_dir=self.data_dir / "index",
            history=earlier_words.exchanges,
            messages=earlier_words.messages,
            request_limit=allowances.requests,
            steps=traces.steps,
            live=traces.live,
            capabilities=traces.capabilities,
            seal=None if refusal else traces.place.take(self.sealing.seal(workspace.root, network=session.network)),
            seal_refusal=refusal or DEFAULT_SEAL_REFUSAL,
            budget=budget,
            transcript=traces.transcript,
            wishes=turn.wishes,
        )
        try:
            outcome = await self.run_turn(turn_input, traces.emit)
        except BudgetEnded as end:
            return endings.spent(end)
        return await self._with_price(turn, budget, outcome)

    async def _with_price(self, turn: TurnRow, budget: Budget, outcome: Outcome) -> Outcome:
        """Say once in a session, where it matters, that a price is not known."""
        if not (budget.limits_money and outcome.usage.get(UNPRICED)) or await self.store.used_before(turn, UNPRICED):
            return outcome
        return endings.with_unknown_price(outcome)

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
        return Workspace(root, masked=self.sealing.masked(root))
