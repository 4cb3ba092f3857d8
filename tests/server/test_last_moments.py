from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from robocoders.engine.runner import Engine
from robocoders.server.access import Access
from robocoders.server.application import create_app, service_of
from robocoders.server.service import Service
from robocoders.server.settings import Settings
from robocoders.store import Keyed, KnownKey, SessionRow, Store
from tests.support.asgi import Conversation
from tests.support.service import Turns


class LateStore(Store):
    """A store in which a session is deleted just after it was looked up."""

    async def get_or_create_session(self, row: SessionRow) -> SessionRow:
        found = await super().get_or_create_session(row)
        await self.delete_session(row.id)
        return found

    async def session_once(self, row: SessionRow, keyed: Keyed | None = None) -> SessionRow:
        found = await super().session_once(row, keyed)
        await self.delete_session(row.id)
        return found


class CrowdedStore(Store):
    """A store in which the same deletion comes once more, and is quicker, just after its key was looked up."""

    async def known_key(self, keyed: Keyed) -> KnownKey | None:
        known = await super().known_key(keyed)
        if known is None:
            for summary in await self.sessions(keyed.owner):
                await self.delete_session(summary.session.id, keyed)
        return known


@dataclass
class Assembled:
    """An application without a server."""

    service: Service
    conversation: Conversation
    token: str

    async def chat(self) -> None:
        body = json.dumps({"sid": str(uuid.uuid4()), "prompt": "x"}).encode()
        await self.conversation.request("/chat", "POST", token=self.token, body=body)


@pytest.fixture(params=[Store, LateStore])
async def assembled(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Assembled]:
    kind: type[Store] = request.param
    settings = Settings(data_dir=tmp_path)
    store = await kind.open(settings.database)
    engine = Engine(store, data_dir=tmp_path, default_model="offline", run_turn=Turns().run)
    await engine.start()
    access = await Access.open(store, settings, sign_in_key="k")
    app = create_app(settings, store, engine, access)
    yield Assembled(service_of(app), Conversation(app), await access.mint())
    await engine.stop(1)
    await store.close()


@pytest.mark.parametrize("assembled", [Store], indirect=True)
async def test_an_engine_that_has_stopped_takes_no_prompts(assembled: Assembled) -> None:
    """Promise: README, stop (a prompt that comes too late is 503, so that it can be sent again elsewhere)."""
    await assembled.service.engine.stop(1)
    await assembled.chat()
    assert (assembled.conversation.status, b"stopping" in assembled.conversation.body) == (503, True)


@pytest.mark.parametrize("assembled", [Store], indirect=True)
async def test_a_server_that_stops_is_not_ready_and_lives(assembled: Assembled) -> None:
    """Promise: README, health (whoever spreads requests learns at once that this server takes no more)."""
    assembled.service.activity.stopping = True
    await assembled.conversation.request("/readyz")
    assert assembled.conversation.status == 503
    alive = Conversation(assembled.conversation.app)
    await alive.request("/healthz")
    assert alive.status == 200


@pytest.mark.parametrize("assembled", [Store], indirect=True)
async def test_a_server_is_ready_once_it_can_run_prompts(assembled: Assembled, tmp_path: Path) -> None:
    """Promise: README, health (`starting` until the engine runs turns; prompts are accepted and wait meanwhile)."""
    service = assembled.service
    idle = Engine(service.store, data_dir=tmp_path, default_model="offline", run_turn=Turns().run)
    early = Conversation(create_app(service.settings, service.store, idle, service.access))
    await early.request("/readyz")
    assert (early.status, b'"starting"' in early.body) == (503, True)
    lives = Conversation(early.app)
    await lives.request("/healthz")
    assert lives.status == 200
    # A prompt that is answered was run.
    await assembled.chat()
    ready = Conversation(assembled.conversation.app)
    await ready.request("/readyz")
    assert ready.status == 200


@pytest.mark.parametrize("assembled", [LateStore], indirect=True)
async def test_a_session_deleted_in_the_meantime_is_401(assembled: Assembled) -> None:
    """Protocol fact: a session that cannot be used is 401, whenever that turns out."""
    await assembled.chat()
    assert (assembled.conversation.status, b"session_unusable" in assembled.conversation.body) == (401, True)


@pytest.mark.parametrize("assembled", [LateStore], indirect=True)
async def test_a_new_session_that_was_deleted_in_the_meantime_is_404(assembled: Assembled) -> None:
    """Promise: /docs, sessions (a deleted session is not shown, whenever that turns out)."""
    await assembled.conversation.request("/sessions", "POST", token=assembled.token, body=b"{}")
    assert (assembled.conversation.status, b"session_not_found" in assembled.conversation.body) == (404, True)


@pytest.mark.parametrize("assembled", [CrowdedStore], indirect=True)
async def test_of_two_equal_deletions_at_once_both_are_told_the_same(assembled: Assembled) -> None:
    """Promise: /docs, Idempotency-Key (the same request gets the same answer, however close they come)."""
    await assembled.conversation.request("/create-session", token=assembled.token)
    sid = json.loads(assembled.conversation.body)["sid"]
    later = Conversation(assembled.conversation.app)
    await later.request(f"/sessions/{sid}", "DELETE", token=assembled.token, key="k")
    assert (later.status, json.loads(later.body)) == (200, {"sid": sid, "deleted": True})
    unknown = Conversation(assembled.conversation.app)
    await unknown.request(f"/sessions/{sid}", "DELETE", token=assembled.token)
    assert unknown.status == 404
