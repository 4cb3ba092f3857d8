"""A model server on loopback that speaks OpenAI's chat completions and responses, and says what a test wrote down."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from robocoders.testing.openai_answers import ModelReply, chat_completion, response
from robocoders.testing.openai_streams import chat_events, response_events

__all__ = ["Answer", "ModelReply", "ModelServer", "ReceivedRequest"]


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it came: path, headers in lower case, decoded body."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, headers, body, and what befalls it on its way (see `ModelReply.trouble`)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    trouble: str = ""


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
        self._ending = threading.Event()
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
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: ReceivedRequest) -> Answer:
        """The answer to a request that came in; where it asks for a stream, server-sent events."""
        with self._mutex:
            number = len(self.received)
            self.received.append(request)
        if number >= len(self._replies):
            return _json(500, {}, {"error": {"message": "the script has no further reply"}})
        reply = self._replies[number]
        if reply.status != 200:
            return _json(reply.status, reply.headers, reply.body)
        model, is_response = str(request.body.get("model", "")), request.path.endswith("/responses")
        if not request.body.get("stream"):
            whole = (response if is_response else chat_completion)(reply, number, model)
            return replace(_json(200, reply.headers, whole), trouble=reply.trouble)
        events = "".join((response_events if is_response else chat_events)(reply, number, model))
        return Answer(200, {"content-type": "text/event-stream", **reply.headers}, events.encode(), reply.trouble)

    def wait_for_the_end(self) -> None:
        """Return when the server is being stopped."""
        self._ending.wait()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(owner.answer(ReceivedRequest(self.path, headers, json.loads(raw))))
                self.close_connection = True

            def _send(self, answer: Answer) -> None:
                if answer.trouble == "silence":
                    owner.wait_for_the_end()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer.body[: len(answer.body) // 2] if answer.trouble else answer.body)
                if answer.trouble == "stall":
                    owner.wait_for_the_end()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Say nothing: requests hold prompts."""

        return Handler


def _json(status: int, headers: Mapping[str, str], body: Any) -> Answer:
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps(body).encode())
