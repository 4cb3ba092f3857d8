"""The storm: sessions that talk to a server which is killed again and again, and what everybody saw of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from robocoders import AsyncRobocoders
from tests.chaos.clients import RETRIES, BlockingReaders, chat, follow
from tests.chaos.log_file import count_turns, database_in
from tests.chaos.readings import Reading
from tests.chaos.scripts import prompt_of
from tests.chaos.server_process import ServerProcess
from tests.chaos.waiting import pass_time
from tests.chaos.weather import Weather, kill_until

__all__ = ["Plan", "Storm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How big a storm is.

    Args:
        turns: How many prompts are sent.
        sessions: To how many sessions, all at once.
        seed: What all that is random follows from, but for what the machine itself makes random.
        shortest: The shortest time between a start and the next kill, in seconds.
        longest: The longest.
        limit_seconds: How long all of it may take.
        most_kills: How often the server goes away at most; None for no limit.
    """

    turns: int
    sessions: int
    seed: int
    shortest: float = 1.0
    longest: float = 5.0
    limit_seconds: float = 1800.0
    most_kills: int | None = None


class Storm:
    """Sends prompts, follows logs and kills the server until all prompts are accepted.

    Args:
        server: It runs already, and runs when the storm is over.
        plan: How big it is.

    Attributes:
        readings: What every reader got.
        weather: What happened to the server.
        prompts: The prompts of each session, by its id.
        seconds: How long it took.
    """

    def __init__(self, server: ServerProcess, plan: Plan) -> None:
        self.readings: list[Reading] = []
        self.weather = Weather()
        self.prompts: dict[str, list[str]] = {}
        self.seconds = 0.0
        self._server = server
        self._plan = plan
        self._database = database_in(server.data_dir)
        self._blocking = BlockingReaders(server.url, server.token, self.readings)
        self._threads = ThreadPoolExecutor(plan.sessions * 2, thread_name_prefix="blocking-client")

    async def run(self) -> None:
        """Blow until every prompt has its answer and every follower has the whole log.

        Raises:
            TimeoutError: It took longer than the plan allows.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with (
                asyncio.timeout(self._plan.limit_seconds),
                AsyncRobocoders(self._server.url, self._server.token, max_retries=RETRIES) as client,
            ):
                sids = [(await client.create_session()).id for _ in range(self._plan.sessions)]
                await self._blow(client, sids)
        finally:
            await asyncio.to_thread(self._blocking.end)
            await asyncio.to_thread(self._threads.shutdown)
            self.seconds = loop.time() - began

    async def _blow(self, client: AsyncRobocoders, sids: Sequence[str]) -> None:
        enough = asyncio.Event()
        chance = random.Random(self._plan.seed)
        killing = asyncio.create_task(
            kill_until(
                enough,
                self._server,
                self.weather,
                chance,
                seconds=(self._plan.shortest, self._plan.longest),
                most=self._plan.most_kills,
            )
        )
        counting = asyncio.create_task(self._count(enough))
        following = [asyncio.ensure_future(one) for one in self._followers(client, sids)]
        chatting = [asyncio.ensure_future(one) for one in self._chatters(client, sids)]
        background = [killing, counting, *following, *chatting]
        try:
            # Whoever fails, fails the storm at once.
            await _all_of(chatting, background)
            enough.set()
            await killing
            await self._until_all_is_read()
        finally:
            for task in background:
                task.cancel()
            await asyncio.to_thread(self._blocking.end)
            await asyncio.gather(*background, return_exceptions=True)

    def _chatters(self, client: AsyncRobocoders, sids: Sequence[str]) -> list[Awaitable[Any]]:
        """One speaker a session, in every third one that blocks; in every fifth session a second one beside it."""
        speakers = [(number, "a") for number in range(len(sids))]
        speakers += [(number, "b") for number in range(0, len(sids), 5)]
        found: list[Awaitable[Any]] = []
        for place, (number, name) in enumerate(speakers):
            count = self._plan.turns // len(speakers) + (place < self._plan.turns % len(speakers))
            reader, sid = f"s{number:02}{name}", sids[number]
            prompts = [prompt_of(f"{self._plan.seed:x}-{reader}-{turn:03}") for turn in range(count)]
            self.prompts.setdefault(sid, []).extend(prompts)
            if number % 3 == 2:
                found.append(self._in_thread(self._blocking.chat, reader, sid, prompts))
            else:
                found.append(chat(reader, client.session(sid), prompts, self.readings, deltas=number % 2 == 0))
        return found

    def _followers(self, client: AsyncRobocoders, sids: Sequence[str]) -> list[Awaitable[Any]]:
        """Every second session is followed with its live text, every fourth by a client that blocks."""
        found: list[Awaitable[Any]] = [
            follow(f"f{number:02}", client.session(sid), self.readings) for number, sid in enumerate(sids[::2])
        ]
        found += [self._in_thread(self._blocking.follow, f"g{number:02}", sid) for number, sid in enumerate(sids[1::4])]
        return found

    def _in_thread(self, function: Any, *arguments: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _count(self, enough: asyncio.Event) -> None:
        """Say when all prompts are accepted."""
        while count_turns(self._database)[0] < self._plan.turns:
            await pass_time(0.2)
        enough.set()

    async def _until_all_is_read(self) -> None:
        """Wait until nothing is open and each follower has its session's last event."""
        while count_turns(self._database)[1]:
            await pass_time(0.2)
        async with AsyncRobocoders(self._server.url, self._server.token, max_retries=RETRIES) as client:
            newest = {reading.reader: reading.session_id for reading in self.readings if reading.prompt is None}
            for reader, sid in newest.items():
                last_id = (await client.session(sid).info()).last_event_id
                while not await asyncio.to_thread(self._newest(reader).wait_until_id, last_id, 0.5):
                    pass

    def _newest(self, reader: str) -> Reading:
        return next(reading for reading in reversed(self.readings) if reading.reader == reader)


async def _all_of(awaited: Sequence[asyncio.Future[Any]], beside: Sequence[asyncio.Future[Any]]) -> None:
    """Wait until all that is awaited is done; raise what anything beside it raises meanwhile."""
    left = set(awaited)
    while left:
        done, _ = await asyncio.wait({*left, *(one for one in beside if not one.done())}, return_when="FIRST_COMPLETED")
        for one in done:
            one.result()
        left -= done
