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
        answered: The prompts that have an answer, each with it.
        gave_up: The prompts whose client gave up in the end: they may have been accepted or not.
    """

    wanted: int
    answered: dict[str, Reply] = field(default_factory=dict[str, Reply])
    gave_up: list[str] = field(default_factory=list[str])

    @property
    def prompts(self) -> int:
        return len(self.answered) + len(self.gave_up)

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
        async with cutting_proxy(server.port, cut_anywhere(chance, up=700, down=1500, spared=0.25)) as proxy:
            speakers = [_speak(number, server, proxy, traffic) for number in range(_SPEAKERS)]
            with ThreadPoolExecutor(_BLOCKING) as threads:
                blocking = [
                    loop.run_in_executor(threads, _speak_blocking, number, server, proxy, traffic)
                    for number in range(_BLOCKING)
                ]
                await asyncio.gather(*speakers, *blocking)
        await server.end()
        logs = read_logs(database_in(server.data_dir))
    ran = effects_in(folder)
    verdict = Verdict(_figures(traffic, proxy, ran, loop.time() - began))
    verdict.faults += _faults(traffic, logs, ran)
    return verdict


def _duplicates(proxy: CuttingProxy, traffic: _Traffic) -> int:
    return proxy.requests.get(_SENT, 0) - traffic.prompts


async def _speak(number: int, server: ServerProcess, proxy: CuttingProxy, traffic: _Traffic) -> None:
    """Send prompts to a session of one's own until there were duplicates enough. Waits between attempts are skipped."""
    async with AsyncRobocoders(server.url, server.token) as direct:
        session_id = (await direct.create_session()).id
    address = f"http://127.0.0.1:{proxy.port}"
    async with AsyncRobocoders(address, server.token, max_retries=30, clock=FakeClock()) as client:
        # Prompts are sent again only to a server that is known to run them once.
        await client.session(session_id).info()
        turn = 0
        while _duplicates(proxy, traffic) < traffic.wanted:
            prompt, turn = f"async-{number}-{turn}", turn + 1
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
        while _duplicates(proxy, traffic) < traffic.wanted:
            prompt, turn = f"blocking-{number}-{turn}", turn + 1
            try:
                traffic.note(prompt, client.session(session_id).ask(prompt))
            except RobocodersError as error:
                traffic.note(prompt, error)


def _figures(traffic: _Traffic, proxy: CuttingProxy, ran: list[str], seconds: float) -> dict[str, Any]:
    return {
        "prompts": traffic.prompts,
        "sends": proxy.requests.get(_SENT, 0),
        "duplicated_sends": _duplicates(proxy, traffic),
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
    yield from (f"the prompt {prompt} gave up" for prompt in traffic.gave_up)
    for prompt, reply in traffic.answered.items():
        if reply.text != f"You said: {prompt}" or reply.reason != "finished" or not turns[prompt] or not runs[prompt]:
            yield f"the prompt {prompt} was answered by {reply.text[:80]!r} ({reply.reason})"
