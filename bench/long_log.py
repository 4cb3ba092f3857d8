"""A log of a million events: how long a reader waits for its first event at any place, and what reading it all holds.

python -m bench.long_log [--events 1000000] [--readers 200] [--json]
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from bench.measuring import arguments, percentile, rss_mib, tell
from bench.serving import fill, folder_of_its_own, new_server, open_stream
from robocoders import AsyncRobocoders
from tests.chaos.log_file import database_in
from tests.chaos.server_process import ServerProcess

__all__ = ["measure"]

_SHORT_LOG = 1000
_READ_BYTES = 2**18


async def measure(folder: Path, events: int, readers: int) -> dict[str, Any]:
    """Fill two logs, a short and a long one, and read both.

    Args:
        folder: An empty folder.
        events: How many events the long log has.
        readers: How often to ask each log for what follows a random id.
    """
    server = new_server(folder)
    async with server, AsyncRobocoders(server.url, server.token) as client:
        short, long = [(await client.create_session()).id for _ in range(2)]
    database = database_in(server.data_dir)
    await fill(database, short, _SHORT_LOG)
    per_second = await fill(database, long, events)
    async with server:
        # The first requests load what later ones find loaded.
        await _waits(server, short, _SHORT_LOG, 20)
        idle_mib = rss_mib(server.pid)
        waits_short = await _waits(server, short, _SHORT_LOG, readers)
        waits_long = await _waits(server, long, events, readers)
        asked_mib = rss_mib(server.pid)
        peak_mib, seconds, size_bytes = await _read_all(server, long)
    return {
        "events": events,
        "appended_per_second": per_second,
        "first_event_ms_median": percentile(waits_long, 0.5) * 1000,
        "first_event_ms_p99": percentile(waits_long, 0.99) * 1000,
        "first_event_ms_most": max(waits_long) * 1000,
        "first_event_median_against_a_log_of_1000": percentile(waits_long, 0.5) / percentile(waits_short, 0.5),
        "first_event_p99_against_a_log_of_1000": percentile(waits_long, 0.99) / percentile(waits_short, 0.99),
        "server_mib_before": idle_mib,
        "server_mib_after_asking": asked_mib,
        "server_mib_most_while_all_is_read": peak_mib,
        "log_mib": size_bytes / 2**20,
        "read_per_second": events / seconds,
    }


async def _waits(server: ServerProcess, session_id: str, events: int, readers: int) -> list[float]:
    """Seconds from the request, its connection included, to the first event."""
    chance = random.Random(1)  # noqa: S311 - places in a log, no secret
    waits: list[float] = []
    for _ in range(readers):
        after = chance.randrange(events)
        began = time.perf_counter()
        async with open_stream(server, f"/sessions/{session_id}/events?after={after}&follow=true") as stream:
            await stream.first_event()
            waits.append(time.perf_counter() - began)
    return waits


async def _read_all(server: ServerProcess, session_id: str) -> tuple[float, float, int]:
    """Read a whole log; returns the most memory that the server held meanwhile, the seconds, the bytes."""
    began, size_bytes, peak_mib, looked = time.monotonic(), 0, rss_mib(server.pid), 0
    async with open_stream(server, f"/sessions/{session_id}/events?after=0&follow=false") as stream:
        while read := await stream.read(_READ_BYTES):
            size_bytes += read
            looked += read
            if looked > 2**20:
                peak_mib, looked = max(peak_mib, rss_mib(server.pid)), 0
    return peak_mib, time.monotonic() - began, size_bytes


def main() -> None:
    """Measure and tell."""
    given = arguments(__doc__, events=1_000_000, readers=200)
    with folder_of_its_own() as folder:
        tell(asyncio.run(measure(folder, given.events, given.readers)), as_json=given.json)


if __name__ == "__main__":
    main()
