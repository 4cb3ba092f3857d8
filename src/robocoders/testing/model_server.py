"""A model server on loopback that speaks OpenAI's chat completions and responses, and says what a test wrote down."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = ["ModelReply", "ModelServer", "ReceivedRequest"]


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
    """

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    input_tokens: int = 11
    output_tokens: int = 7


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it came: path, headers in lower case, decoded body."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class ModelServer:
    """Serves `POST .../chat/completions` and `POST .../responses` on a free port of loopback, in a thread.

    Used as a context manager. Each request takes the next reply; when there is none left the answer is 500.

    Args:
        replies: The answers in order; a plain string is a reply that says it.

    Attributes:
        received: Every request so far.
    """

    def __init__(self, replies: Sequence[ModelReply | str]) -> None:
        self._replies = [ModelReply(text=reply) if isinstance(reply, str) else reply for reply in replies]
        self.received: list[ReceivedRequest] = []
        self._mutex = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def base_url(self) -> str:
        """The address that a client is given: `http://127.0.0.1:PORT/v1`."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: ReceivedRequest) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and body for a request that came in."""
        with self._mutex:
            number = len(self.received)
            self.received.append(request)
        if number >= len(self._replies):
            return 500, {}, {"error": {"message": "the script has no further reply"}}
        reply = self._replies[number]
        if reply.status != 200:
            return reply.status, reply.headers, reply.body
        shape = _response if request.path.endswith("/responses") else _chat_completion
        return 200, reply.headers, shape(reply, number, str(request.body.get("model", "")))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, body = owner.answer(ReceivedRequest(self.path, headers, json.loads(raw)))
                encoded = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(encoded)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(encoded)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Say nothing: requests hold prompts."""

        return Handler


def _chat_completion(reply: ModelReply, number: int, model: str) -> dict[str, Any]:
    calls = [
        {"id": f"call_{number}_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for place, (name, given) in enumerate(reply.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def _response(reply: ModelReply, number: int, model: str) -> dict[str, Any]:
    output: list[dict[str, Any]] = []
    if reply.text:
        content: list[dict[str, Any]] = [{"type": "output_text", "text": reply.text, "annotations": []}]
        message = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
        output.append({**message, "content": content})
    for place, (name, given) in enumerate(reply.calls):
        ids = {"id": f"fc_{number}_{place}", "call_id": f"call_{number}_{place}"}
        output.append({"type": "function_call", **ids, "name": name, "arguments": json.dumps(given)})
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
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
