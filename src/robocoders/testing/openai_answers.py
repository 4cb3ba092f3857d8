"""The answers of OpenAI's chat completions and responses, whole.

Source: OpenAI's API reference, the fields that its own Python client needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ModelReply", "chat_completion", "response"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """The answer to one request.

    Args:
        text: What the model says.
        calls: The tools it calls: name and arguments.
        status: The HTTP status; with another one than 200 `body` is sent instead.
        body: The answer's body as it is, for errors.
        headers: Further headers.
        input_tokens: What the request is said to have used.
        output_tokens: What the answer is said to have used.
        breaks_off: A stream ends without the event that says that the answer is whole.
        finish: Why the answer ends where not by itself: `length` or `content_filter`.
        stream_error: The error that a stream ends with, `code` and `message`, after all that is said.
        trouble: The connection is `cut` in the middle of the answer, or nothing more comes from there on (`stall`), or
            nothing comes at all (`silence`), for as long as the server runs.
    """

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    input_tokens: int = 11
    output_tokens: int = 7
    breaks_off: bool = False
    finish: Literal["", "length", "content_filter"] = ""
    stream_error: Mapping[str, str] | None = None
    trouble: Literal["", "cut", "stall", "silence"] = ""


def chat_completion(reply: ModelReply, number: int, model: str) -> dict[str, Any]:
    """The body of `POST /chat/completions`; `number` makes its ids."""
    calls = [
        {"id": f"call_{number}_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for place, (name, given) in enumerate(reply.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if calls:
        message["tool_calls"] = calls
    finish = reply.finish or ("tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def response(reply: ModelReply, number: int, model: str) -> dict[str, Any]:
    """The body of `POST /responses`; `number` makes its ids."""
    output: list[dict[str, Any]] = []
    if reply.text:
        content: list[dict[str, Any]] = [{"type": "output_text", "text": reply.text, "annotations": []}]
        message = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
        output.append({**message, "content": content})
    for place, (name, given) in enumerate(reply.calls):
        ids = {"id": f"fc_{number}_{place}", "call_id": f"call_{number}_{place}"}
        output.append({"type": "function_call", **ids, "name": name, "arguments": json.dumps(given)})
    incomplete = {"length": "max_output_tokens"}.get(reply.finish, reply.finish)
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "incomplete" if incomplete else "completed",
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }
