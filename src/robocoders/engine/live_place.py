"""How much of the text of the event to come a reader has had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from robocoders.store.rows import LiveReset, LiveText

__all__ = ["LivePlace"]


class LivePlace:
    """One reader's place in the text of one event to come.

    Args:
        event_id: The event to come.
        offset: How many characters of its text the reader brought from an earlier reading. Of which generation they
            are nobody knows: where the text was ever withdrawn they count as withdrawn.
    """

    def __init__(self, event_id: int, offset: int) -> None:
        self._event_id = event_id
        self.offset = offset
        self.generation = 0

    def fits(self, item: LiveText | LiveReset) -> bool:
        """Whether it goes on where the reader is."""
        if item.event_id != self._event_id:
            return False
        if isinstance(item, LiveReset):
            return item.generation > self.generation
        return item.generation == self.generation and item.offset <= self.offset < item.offset + len(item.text)

    def knows(self, item: LiveText | LiveReset) -> bool:
        """Whether the reader has had it, or what came after it."""
        if item.event_id != self._event_id:
            return item.event_id < self._event_id
        if item.generation != self.generation or isinstance(item, LiveReset):
            return item.generation <= self.generation
        return item.offset + len(item.text) <= self.offset

    def take(self, item: LiveText | LiveReset) -> Iterator[LiveText | LiveReset]:
        """Move on by what fits and yield the part of it that is new."""
        if isinstance(item, LiveReset):
            yield from self._withdraw(item)
            return
        new = item.text[self.offset - item.offset :]
        if new:
            yield replace(item, offset=self.offset, text=new)
        self.offset += len(new)

    def catch_up(self, whole: LiveText) -> Iterator[LiveText | LiveReset]:
        """Move on by the whole text so far, as the store has it, and yield what is new of it."""
        if whole.generation > self.generation:
            yield from self._withdraw(LiveReset(whole.session_id, whole.event_id, whole.generation))
        elif self.offset > len(whole.text):
            # The reader claims more than was ever said: it must be told to begin anew.
            yield from self._withdraw(LiveReset(whole.session_id, whole.event_id, whole.generation))
        yield from self.take(whole)

    def _withdraw(self, reset: LiveReset) -> Iterator[LiveReset]:
        if self.offset:
            yield reset
        self.offset = 0
        self.generation = reset.generation
