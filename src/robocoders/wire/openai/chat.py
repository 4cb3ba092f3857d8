"""Chat completions: what is told of a turn as chunks of a stream, or as one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from robocoders.wire.openai.endings import Failure
from robocoders.wire.openai.errors import error_object
from robocoders.wire.openai.telling import Called, End, Part, Step, Text, Withdrawn

__all__ = ["BROKEN_OFF", "WITHDRAWN", "ChatAnswer", "ChunkWriter", "completion"]

WITHDRAWN: Final = Failure(
    500,
    "answer_withdrawn",
    "What was sent of this answer was withdrawn: the language model was asked again and answers otherwise. "
    "Throw it away. The whole answer is in the session's log.",
)
BROKEN_OFF: Final = Failure(
    503,
    "answer_broken_off",
    "The server stopped, or the session was deleted, before the answer was there. An answer goes on when the server "
    "starts again; the same request with the same Idempotency-Key reads it.",
)


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What is the same in all parts of an answer.

    Attributes:
        id: Its id.
        created: When its turn was accepted, in seconds since 1970.
        model: The model's name as the request had it.
        shows_steps: Whether steps on the way are told, as `reasoning_content`.
    """

    id: str
    created: int
    model: str
    shows_steps: bool = False

    def head(self, kind: str) -> dict[str, Any]:
        """The fields that every object of the answer begins with."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


class ChunkWriter:
    """Writes an answer as chunks, each an object of its own.

    Args:
        answer: What is the same in all of them.
        include_usage: Whether the stream ends with what was used up.

    Attributes:
        succeeded: Whether the answer has come to its regular end.
    """

    def __init__(self, answer: ChatAnswer, *, include_usage: bool) -> None:
        self._answer = answer
        self._include_usage = include_usage
        self._has_steps = False
        self.succeeded = False

    def begin(self) -> dict[str, Any]:
        """The first chunk: it says who speaks."""
        return self._chunk({"role": "assistant", "content": ""})

    def write(self, part: Part) -> Iterator[dict[str, Any]]:
        """The chunks of one part; an error's object where the answer fails, and then it is the last."""
        match part:
            case Text(text):
                yield self._chunk({"content": text})
            case Step(text):
                if self._answer.shows_steps:
                    yield self._chunk({"reasoning_content": _step_line(text, first=not self._has_steps)})
                    self._has_steps = True
            case Called():
                # Name and id in the first alone: readers add up what comes under one index.
                first = {
                    "index": part.index,
                    "id": part.call_id,
                    "type": "function",
                    "function": {"name": part.name, "arguments": ""},
                }
                yield self._chunk({"tool_calls": [first]})
                if part.arguments:
                    rest = {"index": part.index, "function": {"arguments": part.arguments}}
                    yield self._chunk({"tool_calls": [rest]})
            case Withdrawn():
                yield error_object(WITHDRAWN.status, WITHDRAWN.code, WITHDRAWN.message)
            case End(failure=Failure(status, code, message)):
                yield error_object(status, code, message)
            case _:
                self.succeeded = True
                yield self._chunk({}, part.finish)
                if self._include_usage:
                    yield {
                        **self._answer.head("chat.completion.chunk"),
                        "choices": [],
                        "usage": part.usage.in_chat,
                    }

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._answer.head("chat.completion.chunk"), "choices": [choice]}
        return {**chunk, "usage": None} if self._include_usage else chunk


def completion(answer: ChatAnswer, parts: Iterable[Part]) -> dict[str, Any] | Failure:
    """The whole answer as one object, or why there is none.

    Args:
        answer: What is the same in all forms of it.
        parts: All that was told, of events alone.
    """
    gathered = _Gathered()
    for part in parts:
        gathered.add(part)
    if gathered.end is None:
        return gathered.failure
    if gathered.end.failure is not None:
        return gathered.end.failure
    choice = {
        "index": 0,
        "message": gathered.message(shows_steps=answer.shows_steps),
        "logprobs": None,
        "finish_reason": gathered.end.finish,
    }
    return {**answer.head("chat.completion"), "choices": [choice], "usage": gathered.end.usage.in_chat}


@dataclass(slots=True)
class _Gathered:
    """What was told of an answer so far."""

    texts: list[str] = field(default_factory=list[str])
    steps: list[str] = field(default_factory=list[str])
    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    end: End | None = None
    failure: Failure = BROKEN_OFF

    def add(self, part: Part) -> None:
        match part:
            case Text(text):
                self.texts.append(text)
            case Step(text):
                self.steps.append(_step_line(text, first=not self.steps))
            case Called(_, call_id, name, arguments):
                function = {"name": name, "arguments": arguments}
                self.calls.append({"id": call_id, "type": "function", "function": function})
            case Withdrawn():
                self.failure = WITHDRAWN
            case _:
                self.end = part

    def message(self, *, shows_steps: bool) -> dict[str, Any]:
        content = "".join(self.texts) if self.texts or not self.calls else None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if self.calls:
            message["tool_calls"] = self.calls
        if self.steps and shows_steps:
            message["reasoning_content"] = "".join(self.steps)
        return message


def _step_line(text: str, *, first: bool) -> str:
    return text if first else f"\n{text}"
