"""What turns use up, on record while they do: so sums are right whenever a server is killed or a turn stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from weakref import WeakValueDictionary

import msgspec

from robocoders.agents.budget import BudgetEnded, Ceilings, Spent, Standing, out_of_time
from robocoders.agents.running import Outcome
from robocoders.engine.steps import Checkpointed
from robocoders.store import Spending, Store, Sums, TurnRow

__all__ = ["InFlight", "TurnAccount"]

_MICRO = 1_000_000
_STEP = "budget"


class InFlight:
    """What the requests that are being made now are taken to use up, by user and turn: nobody else may spend that."""

    def __init__(self) -> None:
        self._of_user: dict[str, dict[str, Spent]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, owner: str) -> asyncio.Lock:
        """Return what is held while money moves from here to the record, or both are looked at.

        Without it money on its way would count twice, or not at all.
        """
        return self._locks.setdefault(owner, asyncio.Lock())

    def of_others(self, owner: str, turn_id: str) -> Spent:
        """Return what a user's other turns have in flight."""
        others = [spent for turn, spent in self._of_user.get(owner, {}).items() if turn != turn_id]
        return Spent(sum(one.cost_micro_usd for one in others), sum(one.tokens for one in others))

    def hold(self, owner: str, turn_id: str, coming: Spent) -> None:
        """A turn is about to use this up."""
        self._of_user.setdefault(owner, {})[turn_id] = coming

    def release(self, owner: str, turn_id: str) -> None:
        """A turn has used up what it held, or does not."""
        turns = self._of_user.get(owner, {})
        turns.pop(turn_id, None)
        if not turns:
            self._of_user.pop(owner, None)


class TurnAccount:
    """The account of one turn; see `robocoders.agents.budget.Account`.

    Time counts while a server works on the turn, not while none does.

    Args:
        store: Where it is kept.
        turn: The turn, as it was when this server took it up.
        owner: Its user.
        in_flight: What all turns are about to use up.
        checkpointed: Runs a step in the turn's workflow.
        monotonic_us: Returns the time from any beginning, in microseconds; it never goes back.
    """

    def __init__(
        self,
        store: Store,
        turn: TurnRow,
        owner: str,
        *,
        in_flight: InFlight,
        checkpointed: Checkpointed,
        monotonic_us: Callable[[], int],
    ) -> None:
        self._store = store
        self._turn = turn
        self._owner = owner
        self._in_flight = in_flight
        self._checkpointed = checkpointed
        self._monotonic_us = monotonic_us
        self._began_us = monotonic_us()
        self._paused_since_us: int | None = None
        self._spending: Spending | None = None

    @property
    def wall_us(self) -> int:
        """How long the turn has been worked on."""
        now_us = self._monotonic_us() if self._paused_since_us is None else self._paused_since_us
        return self._turn.wall_us + max(now_us - self._began_us, 0)

    def pause(self) -> None:
        """Nobody works on the turn from now on: it waits for somebody outside of it."""
        if self._paused_since_us is None:
            self._paused_since_us = self._monotonic_us()

    def resume(self) -> None:
        """It is worked on again."""
        if self._paused_since_us is not None:
            self._began_us += self._monotonic_us() - self._paused_since_us
            self._paused_since_us = None

    async def standing(self, coming: Spent | None, fits: Callable[[Standing], bool]) -> Standing:
        """What `Account.standing` promises."""

        async def look() -> bytes:
            async with self._in_flight.lock(self._owner):
                ledger = await self._store.ledger(self._turn, self._owner)
                last = _spent(ledger.last)
                others = self._in_flight.of_others(self._owner, self._turn.id)
                user = Spent(
                    ledger.user.cost_micro_usd + others.cost_micro_usd,
                    ledger.user.tokens + others.tokens,
                    ledger.user.wall_us,
                )
                standing = Standing(_spent(ledger.session), user, last, self.wall_us)
                if fits(standing):
                    self._in_flight.hold(self._owner, self._turn.id, coming or last)
            return msgspec.json.encode(standing)

        return msgspec.json.decode(await self._checkpointed(_STEP, look), type=Standing)

    async def record(self, usage: Mapping[str, int], cost_micro_usd: int, last: Spent) -> None:
        """What `Account.record` promises. A turn that is run again changes nothing until it is where it was."""
        if usage.get("requests", 0) <= self._turn.usage.get("requests", 0):
            self.release()
            return
        self._spending = Spending(dict(usage), cost_micro_usd, self.wall_us, Sums(**asdict(last)))
        async with self._in_flight.lock(self._owner):
            await self._store.record_spending(self._turn, self._spending)
            self.release()

    def release(self) -> None:
        """The turn is not about to use anything up any more."""
        self._in_flight.release(self._owner, self._turn.id)

    def settle(self, outcome: Outcome) -> tuple[Outcome, Spending | None]:
        """Return how the turn ended with all that it has used up, and the same to be kept; None: it is on record.

        Who ends a turn from outside does not know what it used up.
        """
        self.release()
        known = self._spending
        if outcome.usage:
            spent = Spending(outcome.usage, outcome.cost_micro_usd, self.wall_us, known.last if known else Sums())
            return outcome, spent
        if known is None:
            return replace(outcome, usage=self._turn.usage, cost_micro_usd=self._turn.cost_micro_usd), None
        outcome = replace(outcome, usage=known.usage, cost_micro_usd=known.cost_micro_usd)
        return outcome, replace(known, wall_us=self.wall_us)

    async def time_left(self, session: Ceilings, user: Ceilings) -> tuple[float, BudgetEnded] | None:
        """Return how many seconds the turn may go on, and how it ends then; None where nothing limits that."""
        if session.seconds is None and user.seconds is None:
            return None
        ledger = await self._store.ledger(self._turn, self._owner)
        ends: list[tuple[float, BudgetEnded]] = []
        if session.seconds is not None:
            left_us = session.seconds * _MICRO - ledger.session.wall_us - self.wall_us
            ends.append((left_us / _MICRO, out_of_time("session", session.seconds)))
        if user.seconds is not None:
            left_us = user.seconds * _MICRO - ledger.user.wall_us - self.wall_us
            ends.append((left_us / _MICRO, out_of_time("user", user.seconds)))
        return min(ends, key=lambda end: end[0])


def _spent(sums: Sums) -> Spent:
    return Spent(sums.cost_micro_usd, sums.tokens, sums.wall_us)
