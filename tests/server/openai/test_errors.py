from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from fastapi import FastAPI

from robocoders.engine.hub import Item
from robocoders.engine.prompts import TurnHandle
from robocoders.errors import StoreError, StoreFullError
from robocoders.server.edge import Activity, Edge
from robocoders.server.failures import install_error_handlers
from robocoders.server.hosts import HostRule
from robocoders.server.openai.chat_answers import chunk_frames
from robocoders.server.settings import Settings
from robocoders.store import TurnRow
from robocoders.wire.openai.chat import ChatAnswer, ChunkWriter
from robocoders.wire.openai.telling import Teller
from tests.support.asgi import Conversation
from tests.support.openai_chat import COMPLETIONS, ask
from tests.support.service import Answer, RunningService


def error(answer: Answer) -> tuple[int, str, str | None]:
    """Status, type and code; the form is checked."""
    found = answer.json
    assert set(found) == {"error"}
    assert set(found["error"]) == {"message", "type", "param", "code"}
    assert found["error"]["message"]
    assert answer.headers["x-request-id"].startswith("req_")
    return answer.status, found["error"]["type"], found["error"]["code"]


def test_every_refusal_below_v1_has_openais_form(service: RunningService, token: str) -> None:
    """Fact: OpenAI's API reference, error codes; its clients read `error.message`, `type`, `param` and `code`."""
    bad = "invalid_request_error"
    assert error(service.send("GET", "/v1/models")) == (401, "authentication_error", "invalid_api_key")
    assert error(ask(service, "wrong", "hello")) == (401, "authentication_error", "invalid_api_key")
    assert error(service.send("GET", "/v1")) == (404, bad, "not_found")
    assert error(service.send("GET", "/v1/embeddings", token=token)) == (404, bad, "not_found")
    assert error(service.send("GET", COMPLETIONS, token=token)) == (405, bad, "method_not_allowed")
    assert error(service.send("DELETE", "/v1/models", token=token)) == (405, bad, "method_not_allowed")
    assert error(service.send("POST", COMPLETIONS, token=token, body=b"{")) == (400, bad, "json_invalid")
    assert error(service.send("POST", COMPLETIONS, token=token, body=b"\xff")) == (400, bad, "json_invalid")
    assert error(service.send("POST", COMPLETIONS, token=token, body=[])) == (400, bad, "model_type")
    assert error(service.send("POST", COMPLETIONS, token=token, body=b" " * 9_000_000)) == (413, bad, "too_large")
    host = {"Host": "evil.example"}
    assert error(service.send("GET", "/v1/models", token=token, headers=host)) == (
        403,
        "permission_error",
        "foreign_request",
    )


def test_other_routes_keep_their_form(service: RunningService, token: str) -> None:
    """Promise: /docs (every answer that is no success has one form)."""
    for path in ("/v1x", "/sessions/v1", "/v2/models"):
        assert set(service.send("GET", path, token=token).json) == {"detail", "code", "request_id"}


@pytest.mark.parametrize(
    ("kind", "status", "code", "retry"),
    [
        ("bug", 500, "internal_error", "false"),
        ("full", 507, "storage_full", "false"),
        ("disk", 503, "storage_unavailable", None),
    ],
)
async def test_a_failure_inside_has_openais_form(
    tmp_path: Path, kind: str, status: int, code: str, retry: str | None
) -> None:
    """Fact: OpenAI's clients try a 5xx again unless `x-should-retry: false`; what may have begun must not run twice."""
    app = FastAPI()
    install_error_handlers(app)
    kinds: dict[str, Exception] = {"bug": ValueError("x"), "full": StoreFullError("x"), "disk": StoreError("x")}

    @app.get("/v1/fail")
    async def fail() -> None:  # pyright: ignore[reportUnusedFunction] - FastAPI calls it
        raise kinds[kind]

    app.add_middleware(Edge, hosts=HostRule(Settings(data_dir=tmp_path)), activity=Activity(lambda: 7))
    conversation = Conversation(app)
    await conversation.request("/v1/fail")
    sent = conversation.sent[0]
    headers = {name.decode(): value.decode() for name, value in sent["headers"]}
    assert sent["status"] == status
    assert json.loads(conversation.body)["error"]["code"] == code
    assert headers.get("x-should-retry") == retry
    assert (headers.get("retry-after-ms") == "5000") == (retry is None)


async def test_a_database_that_fails_is_told_inside_of_a_stream() -> None:
    """Promise: docs/openai.md, errors (also inside of a stream that has begun)."""

    async def broken(*_: object, **__: object) -> AsyncGenerator[Item, None]:
        raise StoreError("the disk is gone")
        yield  # pyright: ignore[reportUnreachable] - it makes this a generator

    handle = TurnHandle(turn_row(), existing=False, _follow=broken, begins_after=0)
    writer = ChunkWriter(ChatAnswer("chatcmpl-1", 7, "RepoAgent"), include_usage=False)
    *_, last = [frame async for frame in chunk_frames(handle, Teller(), writer)]
    error = json.loads(last.removeprefix(b"data: "))["error"]
    assert (error["type"], error["code"]) == ("server_error", "storage_unavailable")
    assert "disk" not in error["message"]


def turn_row() -> TurnRow:
    """A turn of no consequence."""
    return TurnRow(
        id="t",
        session_id="s",
        number=1,
        state="running",
        reason=None,
        agent="RepoAgent",
        model="offline",
        prompt="x",
        history="log",
        limits={},
        usage={},
        cost_micro_usd=0,
        key=None,
        after_event_id=0,
        last_event_id=None,
        created_at_us=0,
        ended_at_us=None,
    )
