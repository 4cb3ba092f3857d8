"""The answers of OpenAI's chat completions and responses as they are streamed: server-sent events.

Source: OpenAI's API reference, the events that its own Python client needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from robocoders.testing.openai_answers import ModelReply, chat_completion, response

__all__ = ["chat_events", "response_events"]


def chat_events(reply: ModelReply, number: int, model: str) -> Iterator[str]:
    """The events of `POST /chat/completions` with `stream`: the text word by word, the calls, what was used."""
    whole = chat_completion(reply, number, model)
    (choice,) = whole["choices"]
    calls = choice["message"].get("tool_calls", ())
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in _words(reply.text)]
    deltas += [{"tool_calls": [{"index": place, **call}]} for place, call in enumerate(calls)]
    base = {"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"], "model": model}
    for delta in deltas:
        yield _event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if reply.stream_error is not None:
        yield _event({"error": dict(reply.stream_error)})
    if reply.breaks_off or reply.stream_error is not None:
        return
    yield _event({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    yield _event({**base, "choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def response_events(reply: ModelReply, number: int, model: str) -> Iterator[str]:
    """The events of `POST /responses` with `stream`: each item of the output piece by piece, then the whole."""
    whole = response(reply, number, model)
    begun: dict[str, Any] = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for place, item in enumerate(whole["output"]):
        events += _message_events(item, place) if item["type"] == "message" else _call_events(item, place)
    if reply.stream_error is not None:
        failed = {**whole, "status": "failed", "error": dict(reply.stream_error)}
        events.append({"type": "response.failed", "response": failed})
    elif not reply.breaks_off:
        events.append({"type": f"response.{whole['status']}", "response": whole})
    for order, event in enumerate(events):
        yield _event({**event, "sequence_number": order})


def _message_events(item: dict[str, Any], place: int) -> Iterator[dict[str, Any]]:
    (part,) = item["content"]
    where = {"item_id": item["id"], "output_index": place, "content_index": 0}
    yield {
        "type": "response.output_item.added",
        "output_index": place,
        "item": {**item, "status": "in_progress", "content": []},
    }
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    for word in _words(part["text"]):
        yield {"type": "response.output_text.delta", **where, "delta": word, "logprobs": []}
    yield {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": part}
    yield {"type": "response.output_item.done", "output_index": place, "item": item}


def _call_events(item: dict[str, Any], place: int) -> Iterator[dict[str, Any]]:
    where = {"item_id": item["id"], "output_index": place}
    yield {"type": "response.output_item.added", "output_index": place, "item": {**item, "arguments": ""}}
    yield {"type": "response.function_call_arguments.delta", **where, "delta": item["arguments"]}
    yield {
        "type": "response.function_call_arguments.done",
        **where,
        "name": item["name"],
        "arguments": item["arguments"],
    }
    yield {"type": "response.output_item.done", "output_index": place, "item": item}


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+", text)


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body)}\n\n"
