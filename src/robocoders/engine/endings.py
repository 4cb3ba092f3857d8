"""How turns end: the outcomes that no agent gives, and the closing message of any outcome."""

from __future__ import annotations

import logging
import traceback

from robocoders.agents.running import Outcome
from robocoders.errors import RobocodersError, StoreError
from robocoders.events import MessageAction, MessageArgs
from robocoders.wire.protocol import Reason

__all__ = ["cancelled", "closing_message", "failed", "interrupted", "stopped", "unasked", "unkept"]

logger = logging.getLogger("robocoders.engine")


def cancelled() -> Outcome:
    """Return the outcome of a turn that the user cancelled."""
    return Outcome(reason=Reason.CANCELLED, text="Cancelled.")


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
    """Return the last event of a turn: a waiting message whose extras say why it ended."""
    extras = {"reason": outcome.reason} | {name: value for name, value in outcome.extras.items() if name != "reason"}
    return MessageAction(
        message=outcome.text, args=MessageArgs(content=outcome.text, wait_for_response=True, extras=extras)
    )
