"""What a session and a server allow, from the names they are written with to a turn's budget.

A turn keeps the limits that held when it was accepted: run again after a crash, perhaps by a server with other flags,
it comes to the same decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from robocoders.agents.budget import Allowances, Ceilings
from robocoders.agents.running import DEFAULT_REQUEST_LIMIT

__all__ = ["allowances_of", "session_ceilings", "user_ceilings", "with_user_ceilings"]

_USER = "user"
"""Where, in a turn's limits, the ceilings of its user are."""

_MICRO = 1_000_000


def allowances_of(limits: Mapping[str, Any]) -> Allowances:
    """Return what one turn may use up: `iterations` (requests to the model) and `money_usd`."""
    requests = _whole(limits.get("iterations"))
    return Allowances(requests=requests or DEFAULT_REQUEST_LIMIT, cost_micro_usd=_micro(limits.get("money_usd")))


def session_ceilings(limits: Mapping[str, Any]) -> Ceilings:
    """Return what a session may: `ceiling_money_usd`, `ceiling_tokens` and `ceiling_seconds`."""
    return Ceilings(
        cost_micro_usd=_micro(limits.get("ceiling_money_usd")),
        tokens=_whole(limits.get("ceiling_tokens")),
        seconds=_whole(limits.get("ceiling_seconds")),
    )


def user_ceilings(limits: Mapping[str, Any]) -> Ceilings:
    """Return what the turn's user may, by what `with_user_ceilings` has put there."""
    kept = limits.get(_USER)
    if not isinstance(kept, dict):
        return Ceilings()
    return Ceilings(**{name: _whole(kept.get(name)) for name in ("cost_micro_usd", "tokens", "seconds")})  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the values of JSON are looked at one by one


def with_user_ceilings(limits: Mapping[str, Any], ceilings: Ceilings) -> dict[str, Any]:
    """Return the limits of a turn: those of its session, and of its user."""
    own = {name: value for name, value in limits.items() if name != _USER}
    if not ceilings:
        return own
    kept = {"cost_micro_usd": ceilings.cost_micro_usd, "tokens": ceilings.tokens, "seconds": ceilings.seconds}
    return own | {_USER: kept}


def _whole(value: object) -> int | None:
    """Return a number that is none below 0; None for anything else than a number."""
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else None


def _micro(value: object) -> int | None:
    """Return dollars in millionths, rounded down: a limit is never more than what was written."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    # By way of its text: 0.1 means a tenth.
    return max(int(Decimal(str(value)) * _MICRO), 0)
