from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from robocoders import AsyncRobocoders
from robocoders.events import Event, MessageAction
from tests.chaos.clients import RETRIES, ask, follow
from tests.chaos.cutting_proxy import cutting_proxy
from tests.chaos.figures import judge
from tests.chaos.log_file import database_in, read_logs
from tests.chaos.readings import Reading
from tests.chaos.scripts import prompt_of
from tests.chaos.served import written_in
from tests.chaos.server_process import ServerProcess

_BOUND_SECONDS = 100
_IDLE_SECONDS = 1.0


def _server(folder: Path) -> ServerProcess:
    return ServerProcess(folder, secrets.token_urlsafe(16), "scripted")


async def _got(reading: Reading, count: int) -> None:
    assert await asyncio.to_thread(reading.wait_until_count, count, _BOUND_SECONDS)


async def test_a_server_that_stands_still_longer_than_its_clients_wait_loses_nobody(tmp_path: Path) -> None:
    """Promise: README, durability: a server that is stopped for a while goes on, and so do its clients, without gap."""
    prompt = prompt_of("frozen")
    async with (
        asyncio.timeout(_BOUND_SECONDS),
        _server(tmp_path) as server,
        cutting_proxy(server.port) as proxy,
        AsyncRobocoders(
            f"http://127.0.0.1:{proxy.port}", server.token, idle_timeout_seconds=_IDLE_SECONDS, max_retries=RETRIES
        ) as client,
    ):
        session = await client.create_session()
        answer, log = Reading("asker", session.id, prompt), list[Reading]()
        tasks = [asyncio.create_task(follow("follower", session, log))]
        tasks += [asyncio.create_task(ask(answer, session, deltas=True))]
        await _got(answer, 10)
        before = proxy.connections
        os.kill(server.pid, signal.SIGSTOP)
        try:
            # Both have given their connections up as dead and called again, twice.
            await proxy.wait_for_connections(before + 4)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await tasks[1]
        assert await asyncio.to_thread(log[-1].wait_until_id, answer.last_id, _BOUND_SECONDS)
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        verdict = await judge([answer, *log], {session.id: [prompt]}, server, written_in(tmp_path))
    assert verdict.faults == []


async def test_turns_wait_while_another_process_holds_the_database(tmp_path: Path) -> None:
    """Promise: docs/service.md, limits: a database that another program holds for a moment delays turns, no more."""
    prompts = [prompt_of("held"), prompt_of("asked-meanwhile")]
    async with (
        asyncio.timeout(_BOUND_SECONDS),
        _server(tmp_path) as server,
        AsyncRobocoders(server.url, server.token, max_retries=RETRIES) as client,
    ):
        session = await client.create_session()
        readings = [Reading("asker", session.id, prompt) for prompt in prompts]
        first = asyncio.create_task(ask(readings[0], session, deltas=True))
        await _got(readings[0], 6)
        with closing(sqlite3.connect(database_in(server.data_dir), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            second = asyncio.create_task(ask(readings[1], session, deltas=True))
            # Reading is not writing: the log is open all the while.
            seen = [event.id async for event in client.session(session.id).events(0, follow=False)]
            holder.execute("ROLLBACK")
        await asyncio.gather(first, second)
        verdict = await judge(readings, {session.id: prompts}, server, written_in(tmp_path))
    assert seen == list(range(1, len(seen) + 1))
    assert verdict.faults == []


@pytest.mark.slow
async def test_a_database_held_too_long_ends_the_turn_in_words(tmp_path: Path) -> None:
    """Promise: docs/service.md, limits: what cannot be committed is told, is no event, and ends no session."""
    prompts = [prompt_of("held-too-long"), prompt_of("afterwards")]
    async with (
        asyncio.timeout(_BOUND_SECONDS),
        _server(tmp_path) as server,
        AsyncRobocoders(server.url, server.token, max_retries=RETRIES) as client,
    ):
        session = await client.create_session()
        readings = [Reading("asker", session.id, prompt) for prompt in prompts]
        first = asyncio.create_task(ask(readings[0], session, deltas=True))
        await _got(readings[0], 6)
        with closing(sqlite3.connect(database_in(server.data_dir), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            await first
            holder.execute("ROLLBACK")
        await ask(readings[1], session, deltas=True)
        log = read_logs(database_in(server.data_dir))[session.id]
    closing_message = readings[0].items[-1]
    assert isinstance(closing_message, MessageAction)
    assert closing_message.reason == "error"
    assert "another process holds" in closing_message.text
    assert [turn.reason for turn in log.turns] == ["error", "finished"]
    told = [item for reading in readings for item in reading.items if isinstance(item, Event) and item.id is not None]
    bodies = {event.id: event.body for event in log.events}
    assert [item.raw for item in told] == [bodies[item.id] for item in told if item.id is not None]
    assert [event.id for event in log.events] == list(range(1, len(log.events) + 1))
