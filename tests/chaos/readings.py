"""What one reader got, item by item, as it came."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from robocoders.events import Event, TextDelta, TextReset

__all__ = ["Item", "Reading"]

Item = Event | TextDelta | TextReset


@dataclass(slots=True, eq=False)
class Reading:
    """One call of `chat` or `events`, from its beginning to its end.

    Args:
        reader: Who read, for messages.
        session_id: Whose log it is.
        prompt: What was asked; None where the log was followed.
        after: The id after which it began.

    Attributes:
        items: What came, in order.
        gave_up: How the call failed where it did; a class's name.
    """

    reader: str
    session_id: str
    prompt: str | None = None
    after: int = 0
    items: list[Item] = field(default_factory=list[Item])
    gave_up: str | None = None
    _grown: threading.Condition = field(default_factory=threading.Condition)

    def add(self, item: Item) -> None:
        """Note an item; from any thread."""
        with self._grown:
            self.items.append(item)
            self._grown.notify_all()

    @property
    def last_id(self) -> int:
        """The id of the newest event; `after` where there is none."""
        for item in reversed(self.items):
            if isinstance(item, Event) and item.id is not None:
                return item.id
        return self.after

    def wait_until_id(self, wanted: int, seconds: float) -> bool:
        """Block until an event of this id or a later one has come; return whether it has in time."""
        with self._grown:
            return self._grown.wait_for(lambda: self.last_id >= wanted, seconds)

    def wait_until_count(self, wanted: int, seconds: float) -> bool:
        """Block until so many items have come; return whether they have in time."""
        with self._grown:
            return self._grown.wait_for(lambda: len(self.items) >= wanted, seconds)
