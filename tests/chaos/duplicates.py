"""Ten thousand duplicated sends: prompts over connections that are cut at any byte, from both fronts at once."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robocoders import AsyncRobocoders, Reply, Robocoders
from robocoders.errors import RobocodersError
from robocoders.testing.clock import FakeClock
from tests.chaos.cutting_proxy import CuttingProxy, cut_anywhere, cutting_proxy
from tests.chaos.figures import Verdict
from tests.chaos.log_file import SessionLog, database_in, read_logs
from tests.chaos.served import effects_in
from tests.chaos.server_process import ServerProcess

__all__ = ["send_duplicates"]

_SPEAKERS = 16
_BLOCKING = 4
_SENT = "POST /chat"


@dataclass(slots=True)
class _Traffic:
    """What was sent and what came back.

    Attributes:
        begun: How many prompts were begun with.
        answered: The prompts that have an answer, each with it.
        gave_up: The prompts whose client gave up, as it is to when many connections in a row bring nothing.
        over: Nobody is to begin with another prompt.
    """

    wanted: int
    begun: int = 0
    over: bool = False
    answered: dict[str, Reply] = field(default_factory=dict[str, Reply])
    gave_up: list[str] = field(default_factory=list[str])

    def is_enough(self, proxy: CuttingProxy) -> bool:
        return self.over or self.duplicates(proxy) >= self.wanted

    def duplicates(self, proxy: CuttingProxy) -> int:
        return proxy.requests.get(_SENT, 0) - self.begun

    def note(self, prompt: str, answer: Reply | RobocodersError) -> None:
        if isinstance(answer, Reply):
            self.answered[prompt] = answer
        else:
            self.gave_up.append(prompt)


async def send_duplicates(folder: Path, wanted: int, seed: int) -> Verdict:
    """Send prompts until so many sends were duplicates of an earlier one, then count what ran.

    A duplicate is a `POST /chat` that reached the server whole although the same prompt had before.

    Args:
        folder: An empty folder.
        wanted: How many duplicates.
        seed: Where the cuts follow from.
    """
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    began = loop.time()
    traffic = _Traffic(wanted)
    async with ServerProcess(folder, secrets.token_urlsafe(16), "counting") as server:
        async with cutting_proxy(server.port, cut_anywhere(chance, up=700, down=1300, spared=0.2)) as proxy:
            await _speak_all(server, proxy, traffic)
        await server.end()
        logs = read_logs(database_in(server.data_dir))
    ran = effects_in(folder)
    verdict = Verdict(_figures(traffic, proxy, ran, loop.time() - began))
    verdict.faults += _faults(traffic, logs, ran)
    return verdict


async def _speak_all(server: ServerProcess, proxy: CuttingProxy, traffic: _Traffic) -> None:
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(_BLOCKING)
    blocking = [
        loop.run_in_executor(threads, _speak_blocking, number, server, proxy, traffic) for number in range(_BLOCKING)
    ]
    try:
        await asyncio.gather(*(_speak(number, server, proxy, traffic) for number in range(_SPEAKERS)), *blocking)
    finally:
        traffic.over = True
        await asyncio.to_thread(threads.shutdown)


async def _speak(number: int, server: ServerProcess, proxy: CuttingProxy, traffic: _Traffic) -> None:
    """Send prompts to a session of one's own until there were duplicates enough. Waits between attempts are skipped."""
    async with AsyncRobocoders(server.url, server.token) as direct:
        session_id = (await direct.create_session()).id
    address = f"http://127.0.0.1:{proxy.port}"
    async with AsyncRobocoders(address, server.token, max_retries=30, clock=FakeClock()) as client:
        # Prompts are sent again only to a server that is known to run them once.
        await client.session(session_id).info()
        turn = 0
        while not traffic.is_enough(proxy):
            prompt, turn = f"async-{number}-{turn}", turn + 1
            traffic.begun += 1
            try:
                traffic.note(prompt, await client.session(session_id).ask(prompt))
            except RobocodersError as error:
                traffic.note(prompt, error)


def _speak_blocking(number: int, server: ServerProcess, proxy: CuttingProxy, traffic: _Traffic) -> None:
    """As `_speak`, with the blocking front."""
    with Robocoders(server.url, server.token) as direct:
        session_id = direct.create_session().id
    address = f"http://127.0.0.1:{proxy.port}"
    with Robocoders(address, server.token, max_retries=30, clock=FakeClock()) as client:
        client.session(session_id).info()
        turn = 0
        while not traffic.is_enough(proxy):
            prompt, turn = f"blocking-{number}-{turn}", turn + 1
            traffic.begun += 1
            try:
                traffic.note(prompt, client.session(session_id).ask(prompt))
            except RobocodersError as error:
                traffic.note(prompt, error)


def _figures(traffic: _Traffic, proxy: CuttingProxy, ran: list[str], seconds: float) -> dict[str, Any]:
    return {
        "prompts": traffic.begun,
        "sends": proxy.requests.get(_SENT, 0),
        "duplicated_sends": traffic.duplicates(proxy),
        "connections": proxy.connections,
        "cuts": proxy.cuts,
        "runs": len(ran),
        "give_ups": len(traffic.gave_up),
        "seconds": seconds,
    }


def _faults(traffic: _Traffic, logs: dict[str, SessionLog], ran: list[str]) -> Iterator[str]:
    turns = Counter(turn.prompt for log in logs.values() for turn in log.turns)
    runs = Counter(ran)
    yield from (f"the prompt {prompt} became {count} turns" for prompt, count in turns.items() if count > 1)
    yield from (f"the prompt {prompt} ran {count} times" for prompt, count in runs.items() if count > 1)
    for prompt, reply in traffic.answered.items():
        if reply.text != f"You said: {prompt}" or reply.reason != "finished" or not turns[prompt] or not runs[prompt]:
            yield f"the prompt {prompt} was answered by {reply.text[:80]!r} ({reply.reason})"
