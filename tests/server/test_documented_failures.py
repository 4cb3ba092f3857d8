from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from robocoders.engine.runner import Engine
from robocoders.errors import StoreFullError
from robocoders.server.access import Access
from robocoders.server.application import create_app, service_of
from robocoders.server.settings import Settings
from robocoders.store import Store
from tests.server.test_documentation import check
from tests.support.asgi import Conversation
from tests.support.service import Answer, Turns

if TYPE_CHECKING:
    from fastapi import FastAPI

_FAILURE: ContextVar[Exception | None] = ContextVar("failure", default=None)


class FailingStore(Store):
    """A store whose every call in a context fails as that context says; a full one still knows tokens."""

    def __getattribute__(self, name: str) -> Any:
        failure = None if name.startswith("_") else _FAILURE.get()
        if failure is not None and not (name == "token" and isinstance(failure, StoreFullError)):
            raise failure
        return super().__getattribute__(name)


@dataclass
class Assembled:
    """An application without a server, with a session and a response."""

    app: FastAPI
    token: str
    ids: dict[str, str]

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        conversation = Conversation(self.app)
        content = b"" if body is None else json.dumps(body).encode()
        await conversation.request(path, method, token=self.token, body=content)
        headers = {name.decode(): value.decode() for name, value in conversation.sent[0]["headers"]}
        return Answer(conversation.status, {name.lower(): value for name, value in headers.items()}, conversation.body)


@pytest.fixture
async def assembled(tmp_path: Path) -> AsyncIterator[Assembled]:
    settings = Settings(data_dir=tmp_path, auth="open")
    store = await FailingStore.open(settings.database)
    engine = Engine(store, data_dir=tmp_path, default_model="offline", run_turn=Turns().run)
    await engine.start()
    access = await Access.open(store, settings, sign_in_key="k")
    it = Assembled(create_app(settings, store, engine, access), await access.mint(), {})
    response = (await it.ask("POST", "/v1/responses", {"model": "RepoAgent", "input": "hello"})).json
    it.ids |= {"response_id": response["id"], "sid": response["conversation"]["id"], "model": "RepoAgent"}
    yield it
    await engine.stop(1)
    await store.close()


def bodies(sid: str) -> dict[tuple[str, str], Any]:
    """A valid body for each route that takes one."""
    return {
        ("POST", "/chat"): {"sid": sid, "prompt": "hello"},
        ("POST", "/get-session-code"): {"sid": sid, "github_username": "octocat"},
        ("POST", "/sessions"): {},
        ("PATCH", "/sessions/{sid}"): {"limits": {}},
        ("POST", "/v1/chat/completions"): {"model": "RepoAgent", "messages": [{"role": "user", "content": "hello"}]},
        ("POST", "/v1/responses"): {"model": "RepoAgent", "input": "hello"},
    }


@pytest.mark.parametrize("status", [500, 503, 507])
async def test_every_documented_failure_of_the_server_is_reached(assembled: Assembled, status: int) -> None:
    """Promise: /openapi.json (a bug, a server that stops, a full database: each in the one form, on every route)."""
    description = assembled.app.openapi()
    known = bodies(assembled.ids["sid"])
    service_of(assembled.app).activity.stopping = status == 503
    failing = _FAILURE.set({500: ValueError("x"), 503: None, 507: StoreFullError("x")}[status])
    try:
        for path, operations in description["paths"].items():
            for method in (
                name.upper() for name, operation in operations.items() if str(status) in operation["responses"]
            ):
                answer = await assembled.ask(method, path.format(**assembled.ids), known.get((method, path)))
                assert answer.status == status, (method, path, answer)
                check(description, method, path, answer)
    finally:
        _FAILURE.reset(failing)
