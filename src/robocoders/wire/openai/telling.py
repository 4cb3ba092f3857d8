"""What a turn's events and live text say, told piece by piece and never taken back.

Both kinds of readers are served by it: who reads live text and events, and who reads the events alone. What is told is
the same text in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from robocoders.events import (
    Action,
    CallToolAction,
    Event,
    MessageAction,
    TextDelta,
    TextReset,
    ToolResultObservation,
)
from robocoders.wire.codec import StreamItem
from robocoders.wire.openai.endings import LENGTH_REASONS, Failure, failure_of
from robocoders.wire.openai.usage import Usage

__all__ = ["Called", "End", "Part", "Step", "Teller", "Text", "Withdrawn"]


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way, in a line for people; only for those who ask for it."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a tool of the client's; `index` counts the calls that are made at once."""

    index: int
    call_id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Part of what was told is no part of the answer. It is the last that is told."""


@dataclass(frozen=True, slots=True)
class End:
    """There is no more of this answer.

    Attributes:
        finish: `stop`, `length` or `tool_calls`.
        usage: What was used up since the answer began.
        failure: Why it is no answer, where it is none.
    """

    finish: str
    usage: Usage
    failure: Failure | None = None


Part = Text | Step | Called | Withdrawn | End


class Teller:
    """Tells one answer: what follows an event, up to calls of the client's tools, or to the turn's closing message.

    The text is that of all messages, parted by blank lines. Live text of a message is told as it comes; that of
    anything else is the output of a step, which belongs to no answer. Where live text is withdrawn, its next version
    goes on if it begins with what was told; there is no other means, so else nothing more is told.

    Args:
        usage_before: What the turn had used up before the answer began.

    Attributes:
        ended: Whether the last part has been told.
    """

    def __init__(self, usage_before: Usage | None = None) -> None:
        self._usage_before = usage_before or Usage()
        self._told_of = ""
        """What was told of the message to come."""
        self._heard = ""
        """Its text as far as it is known now."""
        self._has_text = False
        self._previous: Event | None = None
        self.ended = False

    def feed(self, item: StreamItem) -> Iterator[Part]:
        """Take the next event or piece of live text and tell what it adds."""
        if self.ended:
            return
        if isinstance(item, TextDelta):
            if not _awaits_observation(self._previous):
                yield from self._hear(item)
        elif isinstance(item, TextReset):
            self._heard = ""
        else:
            self._previous = item
            yield from self._event(item)

    def _hear(self, delta: TextDelta) -> Iterator[Part]:
        if delta.offset > len(self._heard):
            # The beginning is missing: the event has it all.
            return
        self._heard = self._heard[: delta.offset] + delta.text
        if self._heard.startswith(self._told_of):
            yield from self._tell(self._heard)
        elif not self._told_of.startswith(self._heard):
            yield self._withdrawn()

    def _event(self, event: Event) -> Iterator[Part]:
        if isinstance(event, MessageAction):
            yield from self._message(event)
        elif self._told_of:
            yield self._withdrawn()
        elif isinstance(event, CallToolAction):
            args = event.args
            yield Called(args.index, args.call_id, args.name, args.arguments)
            if event.is_last:
                yield self._end("tool_calls", Usage.of(args.usage))
        elif event.message and not isinstance(event, ToolResultObservation):
            yield Step(event.message)
        self._heard = ""

    def _message(self, message: MessageAction) -> Iterator[Part]:
        closes = message.args.wait_for_response
        failure = failure_of(message.reason, message.text) if closes else None
        if failure is None:
            if not message.text.startswith(self._told_of):
                yield self._withdrawn()
                return
            yield from self._tell(message.text)
            self._told_of = ""
        if closes:
            finish = "length" if message.reason in LENGTH_REASONS else "stop"
            yield self._end(finish, Usage.of(message.args.extras.get("usage")), failure)

    def _tell(self, text: str) -> Iterator[Text]:
        """Tell what is new of a message's text, of which all that is told is the beginning."""
        new = text[len(self._told_of) :]
        if new:
            separator = "\n\n" if self._has_text and not self._told_of else ""
            self._has_text = True
            self._told_of = text
            yield Text(separator + new)

    def _withdrawn(self) -> Withdrawn:
        self.ended = True
        return Withdrawn()

    def _end(self, finish: str, usage: Usage, failure: Failure | None = None) -> End:
        self.ended = True
        return End(finish, usage.since(self._usage_before), failure)


def _awaits_observation(event: Event | None) -> bool:
    """Whether what comes next is what came of this event: tools run one by one, and of a message nothing comes."""
    return isinstance(event, Action) and not isinstance(event, MessageAction)
