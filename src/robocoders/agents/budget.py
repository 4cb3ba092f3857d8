"""What a turn may use up, looked at before each request to the model.

An allowance is granted anew with each turn: who says `continue` gets one more. A ceiling holds for all turns of a
session, or of a user, and no prompt lifts it. One budget serves a turn and everybody who works on its behalf.

What a request will cost is known when it has been answered. So the next one is taken to cost as much as the last one
did, since a conversation only grows, and is not made where that would be too much. Only the first request of all has
no such measure. An unknown price counts as nothing, and is told.

The agent's loop asks, not its model: a turn that is run again after a crash gets the responses it had without asking
the model, and comes to the same decisions by them. What others have used up meanwhile, and the time, it cannot know;
that is for the account to remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from robocoders.wire.protocol import Reason

__all__ = [
    "DEFAULT_REQUESTS",
    "UNPRICED",
    "Account",
    "Allowances",
    "Budget",
    "BudgetEnded",
    "Ceilings",
    "Spent",
    "Standing",
    "Usage",
    "money",
    "out_of_time",
]

DEFAULT_REQUESTS = 50
"""How many requests to the model one turn may make where nothing else is said."""

UNPRICED = "unpriced_requests"
"""The name, in a turn's usage, of the number of requests whose price is not known."""

_MICRO = 1_000_000


class BudgetEnded(Exception):  # noqa: N818 - the end of a budget is no error
    """The next request is not to be made.

    Attributes:
        reason: Why the turn ends: `iteration_limit`, `budget_limit` or `exhausted`.
        text: The same for the user, with what can be done.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text


class Usage(Protocol):
    """What one response is said to have used, for instance pydantic-ai's `RequestUsage`."""

    @property
    def input_tokens(self) -> int:
        """All tokens of the request."""
        ...

    @property
    def output_tokens(self) -> int:
        """All tokens of the response."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used up: millionths of a US dollar, tokens in and out, microseconds of wall clock."""

    cost_micro_usd: int = 0
    tokens: int = 0
    wall_us: int = 0


@dataclass(frozen=True, slots=True)
class Allowances:
    """What one turn may use up.

    Args:
        requests: How many requests to the model.
        cost_micro_usd: What they may cost; None for any cost.
    """

    requests: int = DEFAULT_REQUESTS
    cost_micro_usd: int | None = None


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What all turns of a session, or of a user, may use up together; None where there is no ceiling.

    Args:
        cost_micro_usd: In millionths of a US dollar.
        tokens: In and out.
        seconds: Of wall clock, while a turn is being worked on.
    """

    cost_micro_usd: int | None = None
    tokens: int | None = None
    seconds: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(limit is not None for limit in (self.cost_micro_usd, self.tokens, self.seconds))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the account knows when a request is about to be made.

    Args:
        session: What the session's other turns have used up.
        user: What the user's other turns have, in all sessions, those that are being worked on now included.
        last: What the session's last request before this turn used up.
        wall_us: How long this turn has been worked on.
    """

    session: Spent = field(default_factory=Spent)
    user: Spent = field(default_factory=Spent)
    last: Spent = field(default_factory=Spent)
    wall_us: int = 0


class Account(Protocol):
    """Keeps what is used up, for the turn, its session and its user."""

    async def standing(self, coming: Spent | None, fits: Callable[[Standing], bool]) -> Standing:
        """What it knows now; after a crash what it knew then.

        Args:
            coming: What the request about to be made is taken to use up; None where this turn has made none.
            fits: Whether the request will be made. Only then is what it may use up kept from others.
        """
        ...

    async def record(self, usage: Mapping[str, int], cost_micro_usd: int, last: Spent) -> None:
        """Keep what the turn has used up so far, and what its last request did."""
        ...


class Budget:
    """The budget of one turn.

    Args:
        allowances: What this turn may use up.
        session: What its session may.
        user: What its user may.
        account: Knows what others have used up and keeps what this turn does; needed where there are ceilings.
    """

    def __init__(
        self,
        allowances: Allowances | None = None,
        *,
        session: Ceilings | None = None,
        user: Ceilings | None = None,
        account: Account | None = None,
    ) -> None:
        self._allowances = allowances or Allowances()
        self._ceilings: tuple[tuple[Literal["session", "user"], Ceilings], ...] = (
            ("session", session or Ceilings()),
            ("user", user or Ceilings()),
        )
        self._account = account
        self._requests = self._input_tokens = self._output_tokens = self._unpriced = 0
        self._cost = Decimal(0)
        self._last: Spent | None = None

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return self._requests

    @property
    def cost_micro_usd(self) -> int:
        """What they cost, to the nearest millionth of a US dollar; those without a known price cost nothing."""
        return round(self._cost)

    @property
    def usage(self) -> dict[str, int]:
        """What they used up, by the names of a turn's usage."""
        used = {
            "requests": self._requests,
            "input_tokens": self._input_tokens,
            "output_tokens": self._output_tokens,
        }
        return used | ({UNPRICED: self._unpriced} if self._unpriced else {})

    @property
    def limits_money(self) -> bool:
        """Whether any limit is one of money, which an unknown price escapes."""
        return any(limits.cost_micro_usd is not None for limits in (self._allowances, *dict(self._ceilings).values()))

    async def before_request(self) -> None:
        """Return where the next request may be made.

        Raises:
            BudgetEnded: It would be one too many.
            StoreError: The account cannot be read.
        """
        standing: Standing | None = None
        if self._account is not None and any(ceilings for _, ceilings in self._ceilings):
            standing = await self._account.standing(self._last, lambda seen: self._end(seen) is None)
        end = self._end(standing)
        if end is not None:
            raise end

    async def after_response(self, usage: Usage, cost_usd: Decimal | None) -> None:
        """Count a response.

        Args:
            usage: What it says it used.
            cost_usd: What it costs in US dollars; None where the price is not known.

        Raises:
            StoreError: The account cannot be written.
        """
        cost = Decimal(0) if cost_usd is None else cost_usd * _MICRO
        self._requests += 1
        self._unpriced += cost_usd is None
        self._input_tokens += usage.input_tokens
        self._output_tokens += usage.output_tokens
        self._cost += cost
        self._last = Spent(round(cost), usage.input_tokens + usage.output_tokens)
        if self._account is not None:
            await self._account.record(self.usage, self.cost_micro_usd, self._last)

    def _end(self, standing: Standing | None) -> BudgetEnded | None:
        """How the turn ends now; None where the next request may be made."""
        reached = None if standing is None else self._reached_ceiling(standing)
        return reached or self._reached_allowance()

    def _reached_allowance(self) -> BudgetEnded | None:
        allowed = self._allowances
        if self._requests >= allowed.requests:
            return BudgetEnded(
                Reason.ITERATION_LIMIT,
                f"I stopped after {self._requests} requests to the model, the allowance of one turn. Send `continue` "
                "to go on.",
            )
        coming = self._last or Spent()
        if allowed.cost_micro_usd is not None and _too_much(self._cost, coming.cost_micro_usd, allowed.cost_micro_usd):
            return BudgetEnded(
                Reason.BUDGET_LIMIT,
                f"I stopped after {money(self.cost_micro_usd)}: one turn may cost {money(allowed.cost_micro_usd)}, and "
                "the next request would be more than that. Send `continue` to go on.",
            )
        return None

    def _reached_ceiling(self, standing: Standing) -> BudgetEnded | None:
        coming = self._last or standing.last
        own_tokens = self._input_tokens + self._output_tokens
        for whose, ceilings in self._ceilings:
            others = standing.session if whose == "session" else standing.user
            cost = others.cost_micro_usd + self._cost
            if ceilings.cost_micro_usd is not None and _too_much(cost, coming.cost_micro_usd, ceilings.cost_micro_usd):
                return _exhausted(whose, "money_usd", money(round(cost)), money(ceilings.cost_micro_usd))
            tokens = others.tokens + own_tokens
            if ceilings.tokens is not None and _too_much(tokens, coming.tokens, ceilings.tokens):
                return _exhausted(whose, "tokens", f"{tokens:,} tokens", f"{ceilings.tokens:,} tokens")
            wall_us = others.wall_us + standing.wall_us
            if ceilings.seconds is not None and wall_us >= ceilings.seconds * _MICRO:
                return out_of_time(whose, ceilings.seconds)
        return None


def out_of_time(whose: Literal["session", "user"], seconds: int) -> BudgetEnded:
    """Return the end of a turn whose session, or user, has no time left."""
    return _exhausted(whose, "seconds", f"{seconds:,} s", f"{seconds:,} s")


def money(micro_usd: int) -> str:
    """Return an amount for people: dollars with at least two and at most six places."""
    dollars, rest = divmod(micro_usd, _MICRO)
    places = f"{rest:06d}".rstrip("0")
    return f"${dollars:,}.{places:<02}"


def _too_much(spent: Decimal | int, coming: int, limit: int) -> bool:
    return spent >= limit or spent + coming > limit


def _exhausted(whose: Literal["session", "user"], what: str, spent: str, ceiling: str) -> BudgetEnded:
    if whose == "session":
        mend = f"Raise the session's limit `ceiling_{what}`, or begin another session"
    else:
        mend = f"Whoever runs the server can raise `--user-ceiling-{what.replace('_', '-')}`"
    who = "this session" if whose == "session" else "all your sessions together"
    return BudgetEnded(
        Reason.EXHAUSTED,
        f"I stopped: {who} may use {ceiling}, and used {spent} so far. `continue` does not lift this. {mend}.",
    )
