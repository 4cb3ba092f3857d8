"""Live text as a screen shows it that follows one reader: what must hold of every word on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from robocoders.events import Event, TextDelta
from tests.chaos.readings import Reading

__all__ = ["LiveTextFigures", "check_live_text"]


@dataclass(slots=True)
class LiveTextFigures:
    """What live text there was.

    Attributes:
        deltas: How many pieces.
        resets: How often it was withdrawn.
        told_whole: How many events had been shown to their last character when they came.
        told_in_part: How many had been shown in part.
    """

    deltas: int = 0
    resets: int = 0
    told_whole: int = 0
    told_in_part: int = 0


class _Screen:
    def __init__(self, after: int, figures: LiveTextFigures) -> None:
        self.shown = ""
        self._of = 0
        self._last_id = after
        self._figures = figures

    def add(self, delta: TextDelta) -> Iterator[str]:
        self._figures.deltas += 1
        if self.shown and delta.delta_of != self._of:
            yield f"live text of {delta.delta_of} while that of {self._of} stands"
        if delta.offset != len(self.shown):
            yield f"live text of {delta.delta_of} goes on at {delta.offset} after {len(self.shown)} characters"
        if delta.delta_of <= self._last_id:
            yield f"live text of {delta.delta_of} after the event {self._last_id}"
        self._of = delta.delta_of
        self.shown += delta.text

    def finish(self, event: Event) -> Iterator[str]:
        if self.shown and event.id != self._of:
            yield f"the event {event.id} came while live text of {self._of} stood"
        elif self.shown:
            if not event.text.startswith(self.shown):
                yield f"the event {self._of} does not begin with what was shown of it"
            self._figures.told_whole += event.text == self.shown
            self._figures.told_in_part += event.text != self.shown
        self._last_id = self._last_id if event.id is None else event.id
        self.shown = ""

    def reset(self) -> None:
        self._figures.resets += 1
        self.shown = ""


def check_live_text(reading: Reading, figures: LiveTextFigures) -> Iterator[str]:
    """Check that live text had no gap, that nothing stood that its event did not say, and that nothing stayed.

    Args:
        reading: What a reader got.
        figures: Takes the counts.
    """
    where = f"{reading.reader}, {reading.prompt!r}"
    screen = _Screen(reading.after, figures)
    for item in reading.items:
        if isinstance(item, TextDelta):
            yield from (f"{where}: {fault}" for fault in screen.add(item))
        elif isinstance(item, Event):
            yield from (f"{where}: {fault}" for fault in screen.finish(item))
        else:
            screen.reset()
    if screen.shown and reading.prompt is not None and reading.gave_up is None:
        yield f"{where}: the answer ended and {len(screen.shown)} characters of live text stayed"
