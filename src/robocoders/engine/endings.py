"""How turns end: the outcomes that no agent gives, and the closing message of any outcome."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from typing import Any

from robocoders.agents.budget import UNPRICED, BudgetEnded
from robocoders.agents.running import Outcome
from robocoders.errors import RobocodersError, StoreError
from robocoders.events import MessageAction, MessageArgs
from robocoders.wire.protocol import Reason

__all__ = [
    "cancelled",
    "closing_message",
    "failed",
    "interrupted",
    "passed_over",
    "spent",
    "stopped",
    "unanswered",
    "unasked",
    "unkept",
    "with_unknown_price",
]

logger = logging.getLogger("robocoders.engine")


def cancelled() -> Outcome:
    """Return the outcome of a turn that the user cancelled."""
    return Outcome(reason=Reason.CANCELLED, text="Cancelled.")


def passed_over() -> Outcome:
    """Return the outcome of a turn that waited for its client when another prompt came."""
    return Outcome(
        reason=Reason.CANCELLED, text="Cancelled: another prompt came while I waited for results of the client's tools."
    )


def unanswered() -> Outcome:
    """Return the outcome of a turn that has waited for its client for too long."""
    return Outcome(
        reason=Reason.CANCELLED, text="Cancelled: for a day the client sent no results of its tools. Ask again."
    )


def stopped() -> Outcome:
    """Return the outcome of a turn that was open when the server was told to stop."""
    return Outcome(
        reason=Reason.ERROR,
        text="The server stopped before this was finished. What was done until then is in the log; ask again.",
    )


def interrupted() -> Outcome:
    """Return the outcome of a turn that was found open at a start."""
    return Outcome(
        reason=Reason.ERROR,
        text="The server ended unexpectedly before this was finished. What was done until then is in the log; "
        "ask again.",
    )


def spent(end: BudgetEnded) -> Outcome:
    """Return the outcome of a turn that is ended from outside because nothing is left of its budget."""
    return Outcome(reason=end.reason, text=end.text)


def with_unknown_price(outcome: Outcome) -> Outcome:
    """Return the outcome with the word that its price is not known, so that limits of money do not hold."""
    said = "The price of this model is not known, so its requests count as costing nothing: limits of money do not "
    said += "hold for it."
    return replace(outcome, text=f"{outcome.text}\n\n({said})" if outcome.text else said)


def unasked(earlier_reason: str | None) -> Outcome:
    """Return the outcome of a `continue` where there is nothing to continue: the earlier reason again, and no run."""
    return Outcome(reason=earlier_reason or Reason.FINISHED, text="There is nothing to continue.")


def failed(error: BaseException) -> Outcome:
    """Return the outcome of a turn that broke off.

    Errors of ours were written for people and hold no secret. Of any other only the type and the place are logged,
    and only the type is told: its text may hold a prompt or a key.
    """
    if isinstance(error, RobocodersError):
        return Outcome(reason=Reason.ERROR, text=error.message)
    name = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
    logger.error("A turn broke off: %s at %s", name, place)
    return Outcome(
        reason=Reason.ERROR,
        text=f"An internal error ({name}) ended this. The server's log says where; asking again may help.",
    )


def unkept(outcome: Outcome, error: StoreError) -> Outcome:
    """Return the outcome of a turn whose own last words the store could not take.

    What is not in the log was not said: readers are never shown an answer that is gone after the next start.
    """
    if outcome.reason == Reason.ERROR:
        return outcome
    return Outcome(
        reason=Reason.ERROR,
        text=f"The answer ({len(outcome.text):,} characters) could not be kept and is lost: {error.message}",
        usage=outcome.usage,
        cost_micro_usd=outcome.cost_micro_usd,
    )


def closing_message(outcome: Outcome) -> MessageAction:
    """Return the last event of a turn: a waiting message whose extras say why it ended and what it used up."""
    extras: dict[str, Any] = {"reason": outcome.reason}
    if outcome.usage:
        extras |= {"usage": outcome.usage, "cost_micro_usd": outcome.cost_micro_usd}
    if outcome.usage.get(UNPRICED):
        extras["price_unknown"] = True
    extras |= {name: value for name, value in outcome.extras.items() if name != "reason"}
    return MessageAction(
        message=outcome.text, args=MessageArgs(content=outcome.text, wait_for_response=True, extras=extras)
    )
