"""The one who kills the server: at random moments, also while it starts."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import dataclass

from tests.chaos.log_file import count_turns, database_in
from tests.chaos.server_process import ServerProcess
from tests.chaos.waiting import is_set_within, pass_time

__all__ = ["Weather", "kill_until"]

_STOP_SHARE = 0.15
"""How often the server is asked to stop instead of being killed: turns go on after both alike."""

_START_SHARE = 0.15
"""How often it is killed again before it answers."""


@dataclass(slots=True)
class Weather:
    """What happened to the server.

    Attributes:
        kills: How often it was killed while it answered.
        kills_at_start: How often it was killed before it answered.
        stops: How often it was asked to stop, with turns under way.
        resumptions: How many turns were open when it went away, all times together.
        down_seconds: How long it did not answer.
    """

    kills: int = 0
    kills_at_start: int = 0
    stops: int = 0
    resumptions: int = 0
    down_seconds: float = 0.0

    @property
    def ends(self) -> int:
        """How often it went away while it answered."""
        return self.kills + self.stops


async def kill_until(
    enough: asyncio.Event,
    server: ServerProcess,
    weather: Weather,
    chance: random.Random,
    *,
    seconds: tuple[float, float],
    most: int | None = None,
) -> None:
    """Kill a running server and start it again until it has been enough; it runs then.

    Args:
        enough: Set when it has been.
        server: It runs.
        weather: Takes the counts.
        chance: Where random numbers come from.
        seconds: The shortest and the longest time between its start and the next kill.
        most: How often at most; None for no limit.
    """
    loop = asyncio.get_running_loop()
    while weather.ends != most and not await is_set_within(enough, chance.uniform(*seconds)):
        began = loop.time()
        if chance.random() < _STOP_SHARE:
            await server.end(signal.SIGTERM)
            weather.stops += 1
        else:
            await server.end()
            weather.kills += 1
        weather.resumptions += count_turns(database_in(server.data_dir))[1]
        while chance.random() < _START_SHARE:
            await server.spawn()
            await pass_time(chance.uniform(0.1, 2.0))
            await server.end()
            weather.kills_at_start += 1
        await server.start()
        weather.down_seconds += loop.time() - began
