"""A response as a stream of events, derived from the log so that everybody derives the same.

The rules that make each `sequence_number` a function of the log, whoever reads it and whenever:

* Text is cut every 16 characters of its event, whether it came live or is read afterwards.
* Text that was shown and withdrawn stays in the numbering: its item is ended as `incomplete`, without content, and of
  how long it was there is a record. Who reads it afterwards misses the numbers of its pieces, and nothing else.
* Whatever else an event of the log becomes depends on it and on those before it alone.

So a stream can be taken up again at any number, of any process: it is derived anew, and what was had is left out.
Names and fields of the events: OpenAI's API reference, "Streaming events".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from robocoders.events import Action, CallToolAction, CallToolArgs, Event, MessageAction, ToolResultObservation
from robocoders.wire.openai.responses_log import LivePiece, Logged, LogItem, Withdrawal
from robocoders.wire.openai.responses_objects import (
    Json,
    ResponseHead,
    ResponseStatus,
    end_of_reason,
    function_call_item,
    message_item,
    output_text,
    reasoning_item,
    response_object,
    summary_text,
)
from robocoders.wire.openai.usage import Usage

__all__ = ["PIECE_CHARACTERS", "ResponseStream"]

PIECE_CHARACTERS: Final = 16
"""How much of a text one event of the stream carries. Another number would change those of streams on record."""

_TERMINAL: Final[Mapping[ResponseStatus, str]] = {
    "completed": "response.completed",
    "failed": "response.failed",
    "incomplete": "response.incomplete",
    # The dialect has no event of its own for it; the response says what it is.
    "cancelled": "response.incomplete",
}


@dataclass(slots=True)
class _OpenMessage:
    """A message that is being shown: where its item and its numbers begin, and what was shown of it."""

    item_id: str
    output_index: int
    begin: str
    first_number: int
    pieces: list[str] = field(default_factory=list[str])
    length: int = 0
    rest: str = ""

    def cut(self, text: str, *, is_all: bool) -> Iterator[str]:
        """Add text, and yield what of it is to be shown now: whole pieces, and with the end the rest."""
        self.pieces.append(text)
        self.length += len(text)
        self.rest += text
        whole = len(self.rest) if is_all else len(self.rest) // PIECE_CHARACTERS * PIECE_CHARACTERS
        for begin in range(0, whole, PIECE_CHARACTERS):
            yield self.begin + self.rest[begin : min(begin + PIECE_CHARACTERS, whole)]
            self.begin = ""
        self.rest = self.rest[whole:]


class ResponseStream:
    """Makes one response and the events of its stream.

    Attributes:
        is_finished: Whether its last event was made.
        status: How it is.

    Args:
        head: What is known of it from its beginning.
    """

    def __init__(self, head: ResponseHead) -> None:
        self._head = head
        self._next = 0
        self._indexes = 0
        self._output: list[Json] = []
        self._open: _OpenMessage | None = None
        self._event_id = 0
        self._withdrawals = 0
        self._has_text = False
        self._awaits_observation = False
        self._has_begun = False
        self._final: Json | None = None
        self.is_finished = False
        self.status: ResponseStatus = "queued" if head.background else "in_progress"

    @property
    def response(self) -> Json:
        """The response as it is now: with its finished items, and at the end with all that counts."""
        return self._final or response_object(self._head, self.status, self._output)

    def begin(self) -> list[Json]:
        """Return the first events of the stream, before anything of the log is taken."""
        if self._head.background:
            return [self._lifecycle("response.created"), self._lifecycle("response.queued")]
        return [self._lifecycle("response.created"), *self.start()]

    def take(self, item: LogItem) -> list[Json]:
        """Take the next item of the log and return the events that it makes, often none.

        What is known already, or of an event that has come, makes none.
        """
        if self.is_finished or 0 < item.event_id < self._event_id:
            return []
        if isinstance(item, Logged):
            return [*self.start(), *self._take_event(item)]
        if self._awaits_observation:
            # Live text after an action is what a tool puts out.
            return []
        if isinstance(item, LivePiece):
            return [*self.start(), *self._take_piece(item)]
        return [*self.start(), *self._take_withdrawal(item)]

    def start(self) -> list[Json]:
        """Say that it is worked on; whatever is taken says so, too. Once said, nothing comes of it."""
        if self._has_begun:
            return []
        self._has_begun = True
        self.status = "in_progress"
        return [self._lifecycle("response.in_progress")]

    def _take_piece(self, piece: LivePiece) -> Iterator[Json]:
        known = self._open.length if self._open is not None else 0
        new = piece.text[known - piece.offset :] if piece.offset <= known else ""
        if piece.generation == self._withdrawals and new:
            yield from self._say(piece.event_id, new, is_all=False)

    def _take_withdrawal(self, withdrawal: Withdrawal) -> Iterator[Json]:
        if withdrawal.generation >= self._withdrawals:
            if self._open is None:
                yield from self._open_message(withdrawal.event_id)
            yield from self._withdraw(withdrawal.characters)

    def _take_event(self, logged: Logged) -> Iterator[Json]:
        event = logged.event
        ends = _end_of(event)
        said = event.text if isinstance(event, MessageAction) and ends not in {"failed", "cancelled"} else ""
        shown = self._open
        if shown is not None and not (said and said.startswith("".join(shown.pieces))):
            yield from self._withdraw(shown.length)
        if said:
            yield from self._say(logged.event_id, said[self._open.length if self._open else 0 :], is_all=True)
            yield from self._close_message(said)
        elif isinstance(event, CallToolAction):
            yield from self._call(logged.event_id, event.args)
        elif self._head.shows_steps and ends is None and not isinstance(event, ToolResultObservation):
            yield from self._step(logged.event_id, event)
        self._awaits_observation = isinstance(event, Action) and not isinstance(event, MessageAction)
        self._event_id, self._withdrawals = logged.event_id + 1, 0
        if ends is not None:
            yield self._end(ends, logged, _usage_of(event))
        elif isinstance(event, CallToolAction) and event.is_last:
            yield self._end("completed", logged, Usage.of(event.args.usage))

    def _end(self, status: ResponseStatus, logged: Logged, usage: Usage) -> Json:
        self.status = status
        self._final = response_object(
            self._head,
            status,
            self._output,
            usage=usage.since(self._head.usage_before).in_response,
            error=logged.event.text if status == "failed" else None,
            completed_at=logged.at,
        )
        self.is_finished = True
        return self._lifecycle(_TERMINAL[status])

    def _say(self, event_id: int, text: str, *, is_all: bool) -> Iterator[Json]:
        if self._open is None:
            yield from self._open_message(event_id)
        message = cast("_OpenMessage", self._open)
        for piece in message.cut(text, is_all=is_all):
            yield self._numbered("response.output_text.delta", **_part(message), delta=piece, logprobs=[])

    def _open_message(self, event_id: int) -> Iterator[Json]:
        item_id = self._head.item_id("msg", event_id, self._withdrawals)
        # Whoever joins all text of a response reads paragraphs.
        begin = "\n\n" if self._has_text else ""
        self._open = message = _OpenMessage(item_id, self._new_index(), begin, self._next + 2)
        yield self._added(message.output_index, message_item(item_id, "in_progress"))
        yield self._numbered("response.content_part.added", **_part(message), part=output_text(""))

    def _close_message(self, said: str) -> Iterator[Json]:
        message = cast("_OpenMessage", self._open)
        text = f"\n\n{said}" if self._has_text else said
        self._open, self._has_text = None, True
        yield self._numbered("response.output_text.done", **_part(message), text=text, logprobs=[])
        yield self._numbered("response.content_part.done", **_part(message), part=output_text(text))
        yield self._done(message.output_index, message_item(message.item_id, "completed", text))

    def _withdraw(self, characters: int) -> Iterator[Json]:
        message = cast("_OpenMessage", self._open)
        self._open = None
        self._withdrawals += 1
        self._next = max(self._next, message.first_number + characters // PIECE_CHARACTERS)
        item = message_item(message.item_id, "incomplete")
        yield self._numbered("response.output_item.done", output_index=message.output_index, item=item)

    def _call(self, event_id: int, call: CallToolArgs) -> Iterator[Json]:
        place: dict[str, Any] = {"item_id": self._head.item_id("fc", event_id), "output_index": self._new_index()}
        fields = {"call_id": call.call_id, "name": call.name}
        begun = function_call_item(place["item_id"], "in_progress", **fields, arguments="")
        yield self._added(place["output_index"], begun)
        yield self._numbered("response.function_call_arguments.delta", **place, delta=call.arguments)
        yield self._numbered("response.function_call_arguments.done", **place, arguments=call.arguments)
        done = function_call_item(place["item_id"], "completed", **fields, arguments=call.arguments)
        yield self._done(place["output_index"], done)

    def _step(self, event_id: int, event: Event) -> Iterator[Json]:
        text = event.message
        if not text:
            return
        item_id, index = self._head.item_id("rs", event_id), self._new_index()
        place: dict[str, Any] = {"item_id": item_id, "output_index": index, "summary_index": 0}
        yield self._added(index, reasoning_item(item_id, "in_progress"))
        yield self._numbered("response.reasoning_summary_part.added", **place, part=summary_text(""))
        yield self._numbered("response.reasoning_summary_text.delta", **place, delta=text)
        yield self._numbered("response.reasoning_summary_text.done", **place, text=text)
        yield self._numbered("response.reasoning_summary_part.done", **place, part=summary_text(text))
        yield self._done(index, reasoning_item(item_id, "completed", text))

    def _added(self, index: int, item: Json) -> Json:
        return self._numbered("response.output_item.added", output_index=index, item=item)

    def _done(self, index: int, item: Json) -> Json:
        self._output.append(item)
        return self._numbered("response.output_item.done", output_index=index, item=item)

    def _lifecycle(self, kind: str) -> Json:
        return self._numbered(kind, response=self.response)

    def _new_index(self) -> int:
        index, self._indexes = self._indexes, self._indexes + 1
        return index

    def _numbered(self, kind: str, **fields: Any) -> Json:
        number, self._next = self._next, self._next + 1
        return {"type": kind, "sequence_number": number, **fields}


def _end_of(event: Event) -> ResponseStatus | None:
    """How the turn ended, where this is its last event."""
    if isinstance(event, MessageAction) and event.args.wait_for_response:
        return end_of_reason(event.reason)
    return None


def _usage_of(event: Event) -> Usage:
    return Usage.of(event.args.extras.get("usage") if isinstance(event, MessageAction) else None)


def _part(message: _OpenMessage) -> Json:
    return {"item_id": message.item_id, "output_index": message.output_index, "content_index": 0}
