"""The objects of the Responses API: a response, and the items of its output.

Fields and their meaning: OpenAI's API reference, "Responses". A response is derived from the log whenever it is asked
for; only what its request said of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from robocoders.wire.openai.endings import LENGTH_REASONS
from robocoders.wire.openai.usage import Usage
from robocoders.wire.protocol import Reason

__all__ = [
    "Json",
    "ResponseHead",
    "ResponseStatus",
    "deleted_response",
    "end_of_reason",
    "function_call_item",
    "message_item",
    "output_text",
    "reasoning_item",
    "response_object",
    "stream_error",
    "summary_text",
]

Json = dict[str, Any]
"""A JSON object."""

ResponseStatus = Literal["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]

_DEFAULTS: Final[Mapping[str, Any]] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": None,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""What a response says of a request that did not."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """What is known of a response when it begins.

    Attributes:
        id: Its id, `resp_...`.
        created_at: When it was accepted, in seconds since 1970.
        session_id: Its session, which is its conversation.
        model: The model as the request named it.
        request: What the request said of the fields that a response repeats.
        shows_steps: Whether the agent's steps are among the output, as reasoning.
        usage_before: What its turn had used up before it.
    """

    id: str
    created_at: int
    session_id: str
    model: str
    request: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    shows_steps: bool = False
    usage_before: Usage = field(default_factory=Usage)

    @property
    def background(self) -> bool:
        """Whether nobody need wait for it."""
        return self.request.get("background") is True

    def item_id(self, kind: str, event_id: int, generation: int = 0) -> str:
        """The id of an item of the output; the same one whoever derives it, and whenever."""
        return f"{kind}_{self.id.removeprefix('resp_')}{event_id:08x}{generation:02x}"


def response_object(
    head: ResponseHead,
    status: ResponseStatus,
    output: Sequence[Json] = (),
    *,
    usage: Json | None = None,
    error: str | None = None,
    completed_at: int | None = None,
) -> Json:
    """Return a response.

    Args:
        head: What is known of it from its beginning.
        status: How it is.
        output: Its items so far.
        usage: What it used up; None before its end.
        error: What went wrong, for people; None where nothing did.
        completed_at: When it ended, in seconds since 1970.
    """
    said = {name: head.request.get(name, default) for name, default in _DEFAULTS.items()}
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created_at,
        "status": status,
        "completed_at": completed_at if status == "completed" else None,
        "error": None if error is None else {"code": "server_error", "message": error},
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": head.model,
        "output": list(output),
        "usage": usage,
        "conversation": {"id": head.session_id},
        **said,
    }


def deleted_response(response_id: str) -> Json:
    """Return the answer to a deletion."""
    return {"id": response_id, "object": "response", "deleted": True}


def stream_error(code: str, message: str, *, number: int) -> Json:
    """Return the event that says that a stream breaks off; it is no part of the response.

    Args:
        code: What is wrong, for programs.
        message: The same for people.
        number: The `sequence_number` of the event before it: who goes on after it misses nothing.
    """
    return {"type": "error", "sequence_number": number, "code": code, "message": message, "param": None}


def end_of_reason(reason: str | None) -> ResponseStatus:
    """Return the status of a response whose turn ended for that reason.

    A question to the user is ordinary text, and so is the word that a language model is needed; only limits cut an
    answer off.
    """
    if reason == Reason.ERROR:
        return "failed"
    if reason == Reason.CANCELLED:
        return "cancelled"
    return "incomplete" if reason in LENGTH_REASONS else "completed"


def output_text(text: str) -> Json:
    """Return a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def message_item(item_id: str, status: ItemStatus, text: str | None = None) -> Json:
    """Return a message; without text it has no part yet, or none any more."""
    content = [] if text is None else [output_text(text)]
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def summary_text(text: str) -> Json:
    """Return a part of what is told of the agent's steps."""
    return {"type": "summary_text", "text": text}


def reasoning_item(item_id: str, status: ItemStatus, text: str | None = None) -> Json:
    """Return a step of the agent."""
    summary = [] if text is None else [summary_text(text)]
    return {"id": item_id, "type": "reasoning", "status": status, "summary": summary}


def function_call_item(item_id: str, status: ItemStatus, *, call_id: str, name: str, arguments: str) -> Json:
    """Return a call of one of the client's tools; `arguments` is JSON text."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }
