"""Text out of events, so that the pieces joined without a separator read as text."""

from __future__ import annotations

from robocoders.events import Action, Event, MessageAction, UnknownEvent
from robocoders.wire.protocol import Reason

__all__ = ["PieceJoiner"]


class PieceJoiner:
    """Turns the events of an answer into pieces of text.

    Only what the agent does or says is shown, no observation, known or not.

    Args:
        steps: False leaves out what the agent did and said on its way; only the answer remains.
    """

    def __init__(self, *, steps: bool = True) -> None:
        self._steps = steps
        self._ends_line = True

    def piece(self, event: Event) -> str | None:
        """Return the text to show for an event, with a line feed before it where one is needed; None for nothing."""
        return self.closing(event) if self._shows(event) else None

    def closing(self, event: Event) -> str | None:
        """Return the text of an event that is shown in any case, as the notice of a limit that ends the answer is."""
        text = event.text
        if not text:
            return None
        piece = text if self._ends_line else f"\n{text}"
        self._ends_line = text.endswith("\n")
        return piece

    def _shows(self, event: Event) -> bool:
        if not self._steps:
            if not isinstance(event, MessageAction):
                return False
            return event.args.wait_for_response and event.reason not in Reason.ALLOWANCES
        if isinstance(event, UnknownEvent):
            return "observation" not in event.object
        return isinstance(event, Action)
