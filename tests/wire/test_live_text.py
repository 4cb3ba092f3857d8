"""Live text as its reader shows it, whatever the connection does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.events import Event, MessageAction, MessageArgs, TextDelta, TextReset
from robocoders.wire.codec import StreamItem
from robocoders.wire.live_text import RESUMPTION_OVERLAP, LiveTextReader


def _message(event_id: int | None, text: str) -> MessageAction:
    return MessageAction(id=event_id, args=MessageArgs(content=text))


def _delta(delta_of: int, offset: int, text: str) -> TextDelta:
    return TextDelta(delta_of=delta_of, offset=offset, text=text)


def _passed(reader: LiveTextReader, *items: StreamItem) -> list[StreamItem]:
    return [shown for item in items for shown in reader.feed(item)]


@dataclass
class Screen:
    """Whoever shows live text, by the one rule there is for it."""

    shown: str = ""
    of: int | None = None
    finished: list[tuple[int | None, str]] = field(default_factory=list[tuple[int | None, str]])

    def take(self, item: StreamItem) -> None:
        if isinstance(item, TextReset):
            assert item.delta_of == self.of
            assert self.shown
            self.shown = ""
        elif isinstance(item, TextDelta):
            assert item.offset == len(self.shown)
            assert item.text
            assert not self.shown or item.delta_of == self.of
            self.shown, self.of = self.shown + item.text, item.delta_of
        elif not self.shown or item.id == self.of:
            assert item.text.startswith(self.shown)
            self.finished.append((item.id, self.shown + item.text[len(self.shown) :]))
            self.shown = ""


def test_pieces_pass_and_their_event_completes_them() -> None:
    """Promise: live text, the pieces joined are the beginning of the announced event's text."""
    reader = LiveTextReader()
    items = [_message(1, "Hm."), _delta(2, 0, "Hel"), _delta(2, 3, "lo"), _message(2, "Hello."), _delta(3, 0, "x")]

    assert _passed(reader, *items) == items


def test_repeated_and_overlapping_pieces_are_joined() -> None:
    """Promise: live text, a reader drops repeats by their offset."""
    reader = LiveTextReader()

    assert _passed(reader, _delta(2, 0, "Hel"), _delta(2, 0, "Hel"), _delta(2, 1, "ello"), _delta(2, 5, "")) == [
        _delta(2, 0, "Hel"),
        _delta(2, 3, "lo"),
    ]


def test_withdrawn_text_is_taken_away_once() -> None:
    """Promise: live text, a reset withdraws it; one that withdraws nothing shown is not told."""
    reader = LiveTextReader()
    reset = TextReset(delta_of=2)

    assert _passed(reader, reset, _delta(2, 0, "Hel"), reset, reset, _delta(2, 0, "Bye")) == [
        _delta(2, 0, "Hel"),
        reset,
        _delta(2, 0, "Bye"),
    ]


@pytest.mark.parametrize(
    "event",
    [_message(2, "Something else"), _message(2, "He"), _message(3, "Hello"), _message(None, "The disk is full.")],
)
def test_an_event_that_does_not_begin_with_what_is_shown_takes_it_away(event: Event) -> None:
    """Promise: live text, nobody keeps half of an answer that never was."""
    assert _passed(LiveTextReader(), _delta(2, 0, "Hel"), event) == [_delta(2, 0, "Hel"), TextReset(delta_of=2), event]


def test_an_earlier_event_leaves_the_text_alone() -> None:
    """Promise: live text, only the announced event or a later one ends it."""
    items = [_delta(5, 0, "Hel"), _message(4, "Before"), _delta(5, 3, "lo"), _message(5, "Hello")]

    assert _passed(LiveTextReader(), *items) == items


def test_pieces_of_finished_or_abandoned_events_are_dropped() -> None:
    """Promise: live text, what comes late changes nothing."""
    reader = LiveTextReader()

    assert _passed(reader, _message(2, "Hello"), _delta(2, 0, "Hello"), TextReset(delta_of=2)) == [_message(2, "Hello")]
    assert _passed(reader, _delta(4, 0, "New"), _delta(3, 0, "Old"), TextReset(delta_of=3)) == [_delta(4, 0, "New")]


def test_the_text_of_a_later_event_takes_the_earlier_one_away() -> None:
    """Promise: live text, nobody keeps half of an answer that never was."""
    assert _passed(LiveTextReader(), _delta(2, 0, "One"), _delta(3, 0, "Two")) == [
        _delta(2, 0, "One"),
        TextReset(delta_of=2),
        _delta(3, 0, "Two"),
    ]


def test_another_text_from_the_beginning_replaces_what_was_shown() -> None:
    """Promise: live text, a withdrawal that was missed is noticed."""
    reader = LiveTextReader()

    assert _passed(reader, _delta(2, 0, "One"), _delta(2, 0, "Other")) == [
        _delta(2, 0, "One"),
        TextReset(delta_of=2),
        _delta(2, 0, "Other"),
    ]
    assert not reader.is_lost


@pytest.mark.parametrize("odd", [_delta(2, 9, "gap"), _delta(2, 1, "ther"), _delta(2, -1, "x")])
def test_a_gap_or_another_text_asks_for_the_beginning_once(odd: TextDelta) -> None:
    """Promise: live text, a gap is never shown; its beginning is asked for, and not for ever."""
    reader = LiveTextReader()

    assert _passed(reader, _delta(2, 0, "One"), odd) == [_delta(2, 0, "One"), TextReset(delta_of=2)]
    assert (reader.is_lost, reader.offset) == (True, 0)
    reader.note_resumption()
    assert not reader.is_lost
    assert _passed(reader, odd) == []
    assert not reader.is_lost
    assert _passed(reader, _delta(2, 0, "Whole"), _delta(2, 5, "!")) == [_delta(2, 0, "Whole"), _delta(2, 5, "!")]
    assert _passed(reader, _delta(2, 99, "gap")) == [TextReset(delta_of=2)]
    assert not reader.is_lost
    assert _passed(reader, TextReset(delta_of=2), _delta(2, 7, "gap")) == []
    assert reader.is_lost


def test_a_text_is_taken_up_a_little_before_its_place() -> None:
    """Promise: live text, a withdrawal that was missed is noticed by what comes once more."""
    reader = LiveTextReader()
    text = "abc" * RESUMPTION_OVERLAP

    assert reader.offset == 0
    reader.feed(_delta(2, 0, "a"))
    reader.feed(_delta(2, 1, text[1:9]))
    assert reader.offset == 1
    reader.feed(_delta(2, 0, text))
    reader.feed(_delta(2, len(text), "xyz"))
    reader.note_resumption()
    assert reader.offset == len(text) + 3 - RESUMPTION_OVERLAP
    assert reader.feed(_delta(2, reader.offset, (text + "xyz")[reader.offset :] + "new")) == (
        _delta(2, len(text) + 3, "new"),
    )
    reader.feed(_message(2, text + "xyznew."))
    assert reader.offset == 0


@dataclass
class Server:
    """A session's log and the live text of the event to come, as the service keeps them."""

    tells_withdrawals: bool
    """Also of texts that were withdrawn while the reader was away."""
    log: list[str] = field(default_factory=list[str])
    text: str = ""
    withdrawn: bool = False

    def read(self, after: int, offset: int) -> list[StreamItem]:
        """What a new reader gets at once."""
        items: list[StreamItem] = []
        items.extend(_message(number + 1, text) for number, text in enumerate(self.log) if number >= after)
        offset = offset if after == len(self.log) else 0
        if offset > len(self.text) or (offset and self.withdrawn and self.tells_withdrawals):
            items.append(TextReset(delta_of=len(self.log) + 1))
            offset = 0
        return [*items, _delta(len(self.log) + 1, offset, self.text[offset:])]

    def finish(self, text: str) -> None:
        """Put the event to come into the log."""
        self.log.append(text)
        self.text, self.withdrawn = "", False


_words = st.text("ab", max_size=4)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _words),
        st.tuples(st.just("write"), st.integers(1, 700).map("ab".__mul__)),
        st.tuples(st.just("withdraw"), st.just("")),
        st.tuples(st.just("finish"), _words),
        st.tuples(st.just("end otherwise"), _words),
        st.tuples(st.just("break"), st.just("")),
        st.tuples(st.just("read again"), st.just("")),
    ),
    max_size=40,
)


class Follower:
    """Reads from a server over connections that break, and shows what passes its reader.

    Args:
        server: What is read.
        offsets: Where broken connections are taken up; None: where the reader says.
    """

    def __init__(self, server: Server, offsets: Iterator[int] | None = None) -> None:
        self.screen = Screen()
        self._server = server
        self._offsets = offsets
        self._reader = LiveTextReader()
        self._connected = True

    def watch(self, steps: list[tuple[str, str]]) -> None:
        """Let the steps happen, and at last a finished event that everybody sees."""
        for what, text in [*steps, ("read again", ""), ("finish", "!")]:
            sent = self._happen(what, text)
            if self._connected:
                self._receive(sent)
                if self._reader.is_lost:
                    self._resume(self._reader.offset)
                if self._offsets is None and self._server.tells_withdrawals:
                    assert self.screen.shown == self._server.text
        assert self.screen.finished == [(number + 1, text) for number, text in enumerate(self._server.log)]
        assert self.screen.shown == ""

    def _happen(self, what: str, text: str) -> list[StreamItem]:
        server = self._server
        live_id = len(server.log) + 1
        if what == "write":
            piece = _delta(live_id, len(server.text), text)
            server.text += text
            return [piece]
        if what == "withdraw":
            server.text, server.withdrawn = "", True
            return [TextReset(delta_of=live_id)]
        if what in {"finish", "end otherwise"}:
            server.finish(server.text + text if what == "finish" else text)
            return [_message(live_id, server.log[-1])]
        self._connected = what == "read again"
        if self._connected:
            self._resume(self._reader.offset if self._offsets is None else next(self._offsets))
        return []

    def _resume(self, offset: int) -> None:
        self._reader.note_resumption()
        self._receive(self._server.read(len(self.screen.finished), offset))

    def _receive(self, items: list[StreamItem]) -> None:
        for item in items:
            if isinstance(item, Event) and item.id is not None and item.id <= len(self.screen.finished):
                continue
            for shown in self._reader.feed(item):
                self.screen.take(shown)


@given(_steps)
def test_a_reader_shows_the_live_text_and_the_log_whatever_happens(steps: list[tuple[str, str]]) -> None:
    """Promise: live text, nobody keeps half of an answer that was withdrawn, over any broken connections."""
    Follower(Server(tells_withdrawals=True)).watch(steps)


@pytest.mark.parametrize("tells_withdrawals", [True, False])
@given(_steps, st.lists(st.integers(0, 800), max_size=5))
def test_every_event_is_whole_wherever_its_live_text_was_taken_up(
    tells_withdrawals: bool,  # noqa: FBT001 - pytest passes it by name
    steps: list[tuple[str, str]],
    offsets: list[int],
) -> None:
    """Promise: live text, what is shown at each event equals the event's text, whatever a server tells."""
    Follower(Server(tells_withdrawals)).watch(steps)
    Follower(Server(tells_withdrawals), chain(offsets, repeat(0))).watch(steps)


_items = st.one_of(
    st.builds(_delta, st.integers(0, 3), st.integers(-1, 6), _words),
    st.builds(TextReset, delta_of=st.integers(0, 3)),
    st.builds(_message, st.none() | st.integers(1, 3), _words),
)


@given(st.lists(_items | st.just(None)))
def test_no_server_makes_a_reader_show_what_does_not_fit(items: list[StreamItem | None]) -> None:
    """Promise: no input makes the client show a mixture; every event passes, in order."""
    reader, screen, shown = LiveTextReader(), Screen(), list[StreamItem]()
    for item in items:
        if item is None:
            assert reader.offset >= 0
            reader.note_resumption()
            assert not reader.is_lost
            continue
        for passed in reader.feed(item):
            screen.take(passed)
            shown.append(passed)
    assert [item for item in shown if isinstance(item, Event)] == [item for item in items if isinstance(item, Event)]
