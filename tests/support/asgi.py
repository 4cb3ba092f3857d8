"""One request to an ASGI application without a socket: for what a running server does at its last moment only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

__all__ = ["Conversation"]


class Conversation:
    """One request to an ASGI application, and what it answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.sent: list[Message] = []

    async def request(
        self,
        path: str,
        method: str = "GET",
        *,
        token: str | None = None,
        key: str | None = None,
        body: bytes = b"",
        leaves: bool = False,
    ) -> None:
        """Send the request; with `leaves` the client is gone before its body is read."""
        given = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        given += [] if key is None else [(b"idempotency-key", key.encode())]
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"host", b"localhost"), *given], "client": None, "server": None,
        }  # fmt: skip
        asked: list[bool] = []

        async def receive() -> Message:
            if leaves:
                return {"type": "http.disconnect"}
            if asked:
                await asyncio.Event().wait()
            asked.append(True)
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            self.sent.append(message)

        await self.app(scope, receive, send)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)
