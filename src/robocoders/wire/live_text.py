"""Reading live text so that nobody keeps half of an answer that never was.

Live text comes in pieces (`TextDelta`), may be withdrawn (`TextReset`), and is replaced by the finished event whose id
the pieces announced. A connection may break anywhere and be taken up again anywhere; pieces may come twice, overlap or
be missing. What passes through a `LiveTextReader` obeys one rule for whoever shows it: append a delta's text, take all
of it away at a reset, and at the announced event complete what is shown, because its text begins with exactly that.

A withdrawal can happen while nobody is connected. A server tells it to whoever comes back to a text that was
withdrawn. A reader does not rely on it: it takes a text up a little before the place where it was, and compares; where
the two differ, it takes the text away and asks for its beginning.
"""

from __future__ import annotations

from typing import Final

from robocoders.events import Event, TextDelta, TextReset

__all__ = ["RESUMPTION_OVERLAP", "LiveTextReader"]

RESUMPTION_OVERLAP: Final = 256
"""How many characters are asked for once more when a text is taken up again, to see that it is the same one."""


class LiveTextReader:
    """Passes on what a stream brings, without repeats, gaps and withdrawn halves of its live text.

    Events always pass, and in their order; to drop repeated ones is for whoever reads the stream.

    Attributes:
        offset: Where to take up the live text when the stream breaks, in characters: `offset` of the requests.
        is_lost: The beginning of the live text is missing: take the stream up again now, at `offset`, to get it.
    """

    def __init__(self) -> None:
        self._last_id = 0
        self._of: int | None = None
        self._pieces: list[str] = []
        self._length = 0
        self._has_beginning = True
        self._may_ask_again = True

    @property
    def offset(self) -> int:
        # Never 0 where something is shown: who has nothing of a text is not told that it was withdrawn.
        return max(self._length - RESUMPTION_OVERLAP, min(self._length, 1))

    @property
    def is_lost(self) -> bool:
        return not self._has_beginning and self._may_ask_again

    def note_resumption(self) -> None:
        """To be told that the stream is now read from `offset` on: what that does not mend is not asked for again."""
        if not self._has_beginning:
            self._may_ask_again = False

    def feed(self, item: Event | TextDelta | TextReset) -> tuple[Event | TextDelta | TextReset, ...]:
        """Take one item of the stream and return what to show of it, in order."""
        if isinstance(item, Event):
            return (*self._before_event(item), item)
        if item.delta_of <= self._last_id or (self._of is not None and item.delta_of < self._of):
            # Of an event that has come, or whose text was followed by another's.
            return ()
        if isinstance(item, TextReset):
            return self._begin(item.delta_of)
        if item.delta_of != self._of:
            return (*self._begin(item.delta_of), *self._append(item))
        return self._append(item)

    def _before_event(self, event: Event) -> tuple[TextReset, ...]:
        if event.id is not None:
            self._last_id = max(self._last_id, event.id)
            if self._of is not None and event.id < self._of:
                return ()
            if event.id == self._of and event.text.startswith(self._shown()):
                self._forget()
                return ()
        return self._begin(None)

    def _append(self, delta: TextDelta) -> tuple[TextDelta | TextReset, ...]:
        """Show what is new in a piece of the text that is being shown."""
        if not self._has_beginning and delta.offset != 0:
            return ()
        end = delta.offset + len(delta.text)
        if 0 <= delta.offset <= self._length:
            # Joined only where there is something to compare: a long text comes in many pieces.
            known = "" if delta.offset == self._length else self._shown()[delta.offset : end]
            if delta.text.startswith(known):
                return self._show(delta.text[len(known) :])
        taken_away = self._begin(delta.delta_of, may_ask_again=self._may_ask_again)
        if delta.offset == 0:
            return (*taken_away, *self._show(delta.text))
        self._has_beginning = False
        return taken_away

    def _show(self, text: str) -> tuple[TextDelta, ...]:
        self._has_beginning = True
        if not text or self._of is None:
            return ()
        shown = TextDelta(delta_of=self._of, offset=self._length, text=text)
        self._pieces.append(text)
        self._length += len(text)
        return (shown,)

    def _begin(self, delta_of: int | None, *, may_ask_again: bool = True) -> tuple[TextReset, ...]:
        """Take away what is shown, and be ready for the text of another event, or for another text of the same."""
        taken_away = () if self._of is None or not self._length else (TextReset(delta_of=self._of),)
        self._forget()
        self._of = delta_of
        self._may_ask_again = may_ask_again
        return taken_away

    def _forget(self) -> None:
        self._of = None
        self._pieces.clear()
        self._length = 0
        self._has_beginning = True
        self._may_ask_again = True

    def _shown(self) -> str:
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""
