from __future__ import annotations

import asyncio
import secrets
import signal
from pathlib import Path

import pytest

from robocoders import AsyncRobocoders
from tests.chaos.clients import RETRIES, ask
from tests.chaos.figures import judge
from tests.chaos.readings import Reading
from tests.chaos.scripts import prompt_of
from tests.chaos.served import written_in
from tests.chaos.server_process import ServerProcess

_BOUND_SECONDS = 100
_SESSIONS = 6
_RESTARTS = 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_server_that_ends_as_soon_as_it_runs_turns_loses_none(tmp_path: Path, number: signal.Signals) -> None:
    """Promise: README, durability: a turn goes on at the next start, however often and soon that one ends, too."""
    readings: list[Reading] = []
    prompts: dict[str, list[str]] = {}
    async with (
        asyncio.timeout(_BOUND_SECONDS),
        ServerProcess(tmp_path, secrets.token_urlsafe(16), "scripted") as server,
        AsyncRobocoders(server.url, server.token, max_retries=RETRIES) as client,
    ):
        chats: list[asyncio.Task[None]] = []
        for place in range(_SESSIONS):
            session, prompt = await client.create_session(), prompt_of(f"restarts-{place}")
            prompts[session.id] = [prompt]
            readings.append(Reading(f"s{place}", session.id, prompt))
            chats.append(asyncio.create_task(ask(readings[-1], session, deltas=True)))
        for reading in readings:
            assert await asyncio.to_thread(reading.wait_until_count, 3, _BOUND_SECONDS)
        for _ in range(_RESTARTS):
            await server.end(number)
            await server.start()
            await server.running()
        await asyncio.gather(*chats)
        verdict = await judge(readings, prompts, server, written_in(tmp_path))
    assert verdict.faults == []
