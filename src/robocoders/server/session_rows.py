"""Sessions as rows of the store and as what callers see."""

from __future__ import annotations

from typing import Any

from robocoders.server.access import Caller
from robocoders.server.bodies import SessionView, SpentView, WorkspaceView
from robocoders.store import SessionRow, SessionSummary, Sums
from robocoders.wire.codec import format_timestamp

__all__ = ["session_row", "session_view"]


def session_row(
    sid: str,
    caller: Caller,
    now_us: int,
    *,
    workspace: str | None = None,
    model: str | None = None,
    limits: dict[str, Any] | None = None,
    network: bool = False,
) -> SessionRow:
    """A new session of the caller's; without a `workspace` directory it has a private one."""
    return SessionRow(
        id=sid,
        owner=caller.user_id,
        workspace_kind="private" if workspace is None else "directory",
        workspace_ref=workspace,
        model=model,
        limits=limits or {},
        created_at_us=now_us,
        deleted_at_us=None,
        network=network,
    )


def session_view(summary: SessionSummary) -> SessionView:
    """What its owner sees of a session."""
    session = summary.session
    prompted = summary.last_prompt_at_us
    return SessionView(
        sid=session.id,
        created_at=format_timestamp(session.created_at_us),
        workspace=WorkspaceView(kind=session.workspace_kind, path=session.workspace_ref),
        model=session.model,
        limits=session.limits,
        network=session.network,
        turns=summary.turns,
        last_event_id=summary.last_event_id,
        state=summary.state,
        last_prompt_at=None if prompted is None else format_timestamp(prompted),
        answering_after=summary.last_turn_after,
        spent=_spent_view(summary.spent),
    )


def _spent_view(spent: Sums) -> SpentView:
    return SpentView(
        money_usd=spent.cost_micro_usd / 1_000_000, tokens=spent.tokens, seconds=round(spent.wall_us / 1_000_000, 3)
    )
