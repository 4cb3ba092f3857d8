from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse

from robocoders.errors import StoreError, StoreFullError
from robocoders.server.edge import Activity, BrokenAnswerError, Edge
from robocoders.server.failures import install_error_handlers
from robocoders.server.hosts import HostRule
from robocoders.server.settings import Settings
from tests.support.asgi import Conversation

if TYPE_CHECKING:
    from starlette.types import Message, Scope

SECRET = "a prompt that nobody may read"


def application() -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/fail/{kind}")
    async def fail(kind: str) -> None:  # pyright: ignore[reportUnusedFunction] - FastAPI calls it
        kinds: dict[str, Exception] = {
            "bug": ValueError(SECRET),
            "full": StoreFullError(SECRET),
            "disk": StoreError("x"),
        }
        raise kinds[kind]

    @app.get("/break")
    async def break_off() -> StreamingResponse:  # pyright: ignore[reportUnusedFunction] - FastAPI calls it
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            raise ValueError(SECRET)

        return StreamingResponse(parts())

    @app.post("/read")
    async def read(request: Request) -> None:  # pyright: ignore[reportUnusedFunction] - FastAPI calls it
        await request.body()

    return app


def conversation_with(tmp_path: Path) -> tuple[Conversation, Activity]:
    activity = Activity(lambda: 7)
    app = application()
    app.add_middleware(Edge, hosts=HostRule(Settings(data_dir=tmp_path)), activity=activity)
    return Conversation(app), activity


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("bug", 500, b"internal_error"), ("full", 507, b"storage_full"), ("disk", 503, b"storage_unavailable")],
)
async def test_a_failure_inside_is_answered_in_the_one_form(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, status: int, code: bytes
) -> None:
    """Promise: SECURITY, errors (the caller learns the kind, the log the place; nobody the content)."""
    conversation, _ = conversation_with(tmp_path)
    with caplog.at_level(logging.DEBUG):
        await conversation.request(f"/fail/{kind}")
    assert conversation.sent[0]["status"] == status
    assert code in conversation.body
    assert SECRET.encode() not in conversation.body
    assert "req_" in caplog.text
    assert kind != "bug" or (SECRET not in caplog.text and "ValueError" in caplog.text)


async def test_an_answer_that_breaks_off_does_not_look_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: a body that ends cleanly is complete; a broken one breaks the connection, without content in the log."""
    conversation, _ = conversation_with(tmp_path)
    with pytest.raises(BrokenAnswerError):
        await conversation.request("/break")
    assert [message.get("more_body") for message in conversation.sent] == [None, True]
    assert SECRET not in caplog.text


async def test_a_client_that_leaves_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: the log tells failures of the server, not of its callers."""
    conversation, _ = conversation_with(tmp_path)
    await conversation.request("/read", "POST", leaves=True)
    assert (conversation.sent, caplog.text) == ([], "")


async def test_a_server_that_stops_turns_requests_away(tmp_path: Path) -> None:
    """Promise: README, stop (503 with Retry-After while the last answers finish)."""
    conversation, activity = conversation_with(tmp_path)
    activity.stopping = True
    await conversation.request("/fail/bug")
    assert conversation.sent[0]["status"] == 503
    assert (b"retry-after", b"2") in conversation.sent[0]["headers"]


async def test_other_kinds_of_connections_pass_through(tmp_path: Path) -> None:
    """Promise: ASGI (what is no HTTP is the application's business)."""
    conversation, activity = conversation_with(tmp_path)
    seen: list[str] = []

    async def inner(scope: Scope, receive: object, send: object) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        conversation.sent.append(message)

    await Edge(inner, hosts=HostRule(Settings(data_dir=tmp_path)), activity=activity)(
        {"type": "lifespan"}, receive, send
    )
    assert seen == ["lifespan"]


def test_activity_counts_what_is_open() -> None:
    """Promise: README, --idle-exit (counted from the end of the last request)."""
    now = [1]
    activity = Activity(lambda: now[0])
    assert activity.idle_since_us == 1
    activity.begin()
    now[0] = 5
    assert activity.idle_since_us is None
    activity.end()
    assert activity.idle_since_us == 5
