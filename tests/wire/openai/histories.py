"""What can happen in the part of a turn that one response tells, and how readers may hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from robocoders.events import (
    CallToolAction,
    CallToolArgs,
    Event,
    MessageAction,
    MessageArgs,
    RunAction,
    RunArgs,
    RunObservation,
)
from robocoders.wire.openai.responses import ResponseStream
from robocoders.wire.openai.responses_log import LivePiece, Logged, LogItem, Withdrawal
from robocoders.wire.openai.responses_objects import ResponseHead
from robocoders.wire.protocol import Reason

FIRST_ID = 5
"""The id of the first event of the response."""

said = st.text(min_size=1, max_size=70) | st.sampled_from(["x" * 16, "y" * 32, "z" * 33, "😀" * 20, "\n\n", "a\u2028b"])


@dataclass(frozen=True)
class Moment:
    """One event: what was shown and withdrawn before, what was shown of it live, and what it is."""

    event: Event
    withdrawn: list[str] = field(default_factory=list[str])
    live: str = ""


def message(text: str, *, reason: str | None = None, usage: dict[str, int] | None = None) -> MessageAction:
    extras: dict[str, Any] = {} if reason is None else {"reason": reason, "usage": usage or {}}
    args = MessageArgs(content=text, wait_for_response=reason is not None, extras=extras)
    return MessageAction(message=text, args=args)


def calls(count: int) -> list[Moment]:
    """So many calls of a client's tools, made at once."""
    usage = {"input_tokens": 7, "output_tokens": 5}
    return [
        Moment(
            CallToolAction(
                message="Asks the client to run weather",
                args=CallToolArgs(
                    name="weather",
                    arguments='{"at":"sea"}',
                    call_id=f"call_{index}",
                    index=index,
                    of=count,
                    usage=usage if index + 1 == count else {},
                ),
            )
        )
        for index in range(count)
    ]


@st.composite
def messages(draw: st.DrawFn, reason: str | None = None) -> Moment:
    """A message of which any beginning was shown live, after any withdrawals."""
    text = draw(said)
    live = text[: draw(st.integers(0, len(text)))]
    withdrawn = draw(st.lists(said, max_size=2))
    if reason in {Reason.ERROR, Reason.CANCELLED}:
        # The log keeps that it was withdrawn: such an end says nothing that was begun before.
        return Moment(message(text, reason=reason), [*withdrawn, live] if live else withdrawn)
    return Moment(message(text, reason=reason), withdrawn, live)


@st.composite
def commands(draw: st.DrawFn) -> list[Moment]:
    """A command; its output is shown live, and perhaps withdrawn."""
    return [
        Moment(RunAction(message=draw(said), args=RunArgs(command="make"))),
        Moment(RunObservation(message=draw(said), content="made"), draw(st.lists(said, max_size=1)), draw(said)),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[Moment]:
    """All of one response: messages and commands, and an end of any kind."""
    middle: list[list[Moment]] = draw(st.lists(commands() | messages().map(lambda one: [one]), max_size=4))
    by_reason = st.sampled_from(Reason.ALL).flatmap(lambda reason: messages(reason).map(lambda one: [one]))
    end: list[Moment] = draw(st.integers(1, 3).map(calls) | by_reason)
    return [moment for part in [*middle, end] for moment in part]


def whole_reading(history: list[Moment]) -> list[LogItem]:
    """What a reader hears who misses nothing."""
    items: list[LogItem] = []
    for event_id, moment in enumerate(history, FIRST_ID):
        for generation, text in enumerate(moment.withdrawn):
            items += [LivePiece(event_id, generation, 0, text), Withdrawal(event_id, generation, len(text))]
        if moment.live:
            items.append(LivePiece(event_id, len(moment.withdrawn), 0, moment.live))
        items.append(Logged(event_id, moment.event, 1_700_000_000 + event_id))
    return items


def late_reading(history: list[Moment]) -> list[LogItem]:
    """What a reader hears who comes when all is over."""
    return [item for item in whole_reading(history) if not isinstance(item, LivePiece)]


@st.composite
def readings(draw: st.DrawFn, history: list[Moment]) -> list[LogItem]:
    """What some reader may hear: text cut anywhere, told twice, with pieces missing, or late."""
    heard: list[LogItem] = []
    for item in whole_reading(history):
        if not isinstance(item, LivePiece):
            heard.append(item)
            if heard[:-1] and draw(st.booleans()):
                heard.append(draw(st.sampled_from(heard)))
            continue
        cuts = sorted({0, len(item.text), *draw(st.lists(st.integers(0, len(item.text)), max_size=4))})
        for begin, end in pairwise(cuts):
            # A piece may begin earlier, with what was told before.
            begin = draw(st.integers(0, begin))  # noqa: PLW2901 - the piece's own beginning
            if draw(st.integers(0, 5)):
                heard.append(LivePiece(item.event_id, item.generation, begin, item.text[begin:end]))
    return heard


def head(**values: Any) -> ResponseHead:
    """The beginning of some response."""
    return ResponseHead(id="resp_0a", created_at=1_700_000_000, session_id="sid", model="RepoAgent", **values)


def read(items: list[LogItem], of: ResponseHead | None = None) -> tuple[list[dict[str, Any]], ResponseStream]:
    """All events that a reader makes of what it hears."""
    stream = ResponseStream(of or head())
    frames = stream.begin()
    for item in items:
        frames += stream.take(item)
    return frames, stream
