"""What holds for every request, before any route sees it: request id, Host and Origin, the last resort for errors.

Written as plain ASGI: it touches the messages that pass, so streams flow through it unbuffered.
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from robocoders.server.failures import ApiError, error_response, stopping
from robocoders.server.hosts import HostRule
from robocoders.wire.protocol import (
    IDEMPOTENCY_ANNOUNCEMENT_HEADER,
    PROTOCOL_HEADER,
    PROTOCOL_VERSION,
    REQUEST_ID_HEADER,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEALTH_PATHS", "Activity", "BrokenAnswerError", "Edge"]

_log = logging.getLogger("robocoders.server")

HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered whatever `Host` says: those who watch a server call it by its address. They count as no activity."""


class BrokenAnswerError(Exception):
    """An answer broke after it had begun. It carries no content; raised to make the connection end uncleanly."""


class Activity:
    """How many requests are being answered, and when the last one ended.

    Args:
        now_us: The clock, UTC microseconds.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._open = 0
        self._last_us = now_us()
        self.stopping = False

    def begin(self) -> None:
        """A request came."""
        self._open += 1

    def end(self) -> None:
        """A request has been answered, or its client went away."""
        self._open -= 1
        self._last_us = self._now_us()

    @property
    def idle_since_us(self) -> int | None:
        """Since when no request is being answered; None while one is."""
        return None if self._open else self._last_us


class Edge:
    """The outermost part of the application.

    Args:
        app: What answers.
        hosts: The names the server answers to.
        activity: Where requests are counted; while it says that the server stops, new requests are turned away.
    """

    def __init__(self, app: ASGIApp, *, hosts: HostRule, activity: Activity) -> None:
        self._app = app
        self._hosts = hosts
        self._activity = activity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{uuid.uuid4().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        if scope["path"] in HEALTH_PATHS:
            await self._answer(scope, receive, answer)
            return
        self._activity.begin()
        try:
            if not await self._turned_away(scope, receive, answer):
                await self._answer(scope, receive, answer)
        finally:
            self._activity.end()

    async def _turned_away(self, scope: Scope, receive: Receive, answer: _Answer) -> bool:
        if self._activity.stopping:
            refused = error_response(scope, stopping())
        else:
            server: tuple[str, int | None] | None = scope.get("server")
            why = self._hosts.refusal(Headers(scope=scope), scope["scheme"], server[0] if server else None)
            if why is None:
                return False
            refused = error_response(scope, ApiError(403, "foreign_request", why))
        await refused(scope, receive, answer.send)
        return True

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the one documented edge: what is left is answered as a 500
            # The last resort. Only the kind of the error and where it arose are logged: its text may quote a prompt.
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("request %s failed: %s\n%s", answer.request_id, type(error).__name__, where)
            if answer.begun:
                raise BrokenAnswerError(answer.request_id) from None
            text = "The server failed. Its log says more under this request id."
            failed = error_response(scope, ApiError(500, "internal_error", text))
            await failed(scope, receive, answer.send)


class _Answer:
    """Adds the headers that every answer has, and remembers whether it has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = self.request_id
            headers[PROTOCOL_HEADER] = PROTOCOL_VERSION
            headers[IDEMPOTENCY_ANNOUNCEMENT_HEADER] = "1"
            headers.setdefault("X-Content-Type-Options", "nosniff")
        await self._send(message)
