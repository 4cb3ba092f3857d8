"""A thousand followers who wait and fifty readers who do not read: what they hold, and whom they slow down.

python -m bench.many_followers [--followers 1000] [--slow 50] [--prompts 200] [--events 20000] [--json]
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench.measuring import arguments, cpu_seconds, percentile, rss_mib, tell
from bench.serving import Stream, fill, folder_of_its_own, new_server, open_stream
from robocoders import AsyncRobocoders
from tests.chaos.log_file import database_in
from tests.chaos.server_process import ServerProcess

__all__ = ["measure"]

_WARM_UP = 30
_AT_ONCE = 50
_PROMPTS_A_SESSION = 10
_SLOW_BUFFER_BYTES = 4096
_QUIET_SHARE = 0.1


async def measure(folder: Path, *, followers: int, slow: int, prompts: int, events: int) -> dict[str, Any]:
    """Time prompts with nobody else there, then with followers who wait, then with slow readers as well.

    Args:
        folder: An empty folder.
        followers: How many follow logs in which nothing happens.
        slow: How many ask for a long log and for what comes, and do not read it.
        prompts: How often a prompt's round trip is timed.
        events: How many events the long log has.
    """
    server = new_server(folder)
    async with server, AsyncRobocoders(server.url, server.token) as client:
        long = (await client.create_session()).id
    await fill(database_in(server.data_dir), long, events)
    async with server, AsyncRobocoders(server.url, server.token) as client, AsyncExitStack() as stack:
        quiet = [(await client.create_session()).id for _ in range(max(followers // 10, 1))]
        for sid in quiet:
            await client.session(sid).ask("One event to follow after")
        await _round_trips(client, _WARM_UP)
        memory = [rss_mib(server.pid)]
        alone = await _round_trips(client, prompts)
        waiting = [f"/sessions/{quiet[place % len(quiet)]}/events?after=0&follow=true" for place in range(followers)]
        await _open_all(stack, server, waiting, None)
        memory.append(rss_mib(server.pid))
        followed = await _round_trips(client, prompts)
        pages = [f"/sessions/{long}/events?after=0&follow=true"] * slow
        await _open_all(stack, server, pages, _SLOW_BUFFER_BYTES)
        served = await _round_trips(client, prompts)
        # Until then the server fills the connections of those who do not read: work, as for any reader.
        await _until_quiet(server)
        memory.append(rss_mib(server.pid))
        crowded = await _round_trips(client, prompts)
        memory.append(rss_mib(server.pid))
    return {
        "followers": followers,
        "slow_readers": slow,
        "server_mib_alone": memory[0],
        "server_mib_with_followers": memory[1],
        "kib_a_follower": (memory[1] - memory[0]) * 1024 / followers,
        "server_mib_with_slow_readers": memory[2],
        "kib_a_slow_reader": (memory[2] - memory[1]) * 1024 / slow,
        "server_mib_at_the_end": memory[3],
        "prompt_ms_median_alone": percentile(alone, 0.5) * 1000,
        "prompt_ms_p99_alone": percentile(alone, 0.99) * 1000,
        "prompt_median_with_followers_against_alone": percentile(followed, 0.5) / percentile(alone, 0.5),
        "prompt_p99_with_followers_against_alone": percentile(followed, 0.99) / percentile(alone, 0.99),
        "prompt_median_while_slow_readers_are_served_against_alone": percentile(served, 0.5) / percentile(alone, 0.5),
        "prompt_p99_while_slow_readers_are_served_against_alone": percentile(served, 0.99) / percentile(alone, 0.99),
        "prompt_median_with_all_against_alone": percentile(crowded, 0.5) / percentile(alone, 0.5),
        "prompt_p99_with_all_against_alone": percentile(crowded, 0.99) / percentile(alone, 0.99),
    }


async def _round_trips(client: AsyncRobocoders, count: int) -> list[float]:
    """Seconds from a prompt to the end of its answer, one after the other, in sessions that stay short."""
    found: list[float] = []
    session = await client.create_session()
    for number in range(count):
        if number % _PROMPTS_A_SESSION == 0:
            session = await client.create_session()
        began = time.perf_counter()
        await session.ask("How long does it take?")
        found.append(time.perf_counter() - began)
    return found


async def _until_quiet(server: ServerProcess) -> None:
    """Wait until the server uses hardly any processor time."""
    before, share = cpu_seconds(server.pid), 1.0
    while share > _QUIET_SHARE:
        await asyncio.sleep(1)
        now = cpu_seconds(server.pid)
        before, share = now, now - before


async def _open_all(
    stack: AsyncExitStack, server: ServerProcess, paths: Sequence[str], buffer_bytes: int | None
) -> None:
    """Open streams, some at once, each until its first event is there; they stay open as long as the stack."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def open_one(path: str) -> Stream:
        async with gate:
            stream = await stack.enter_async_context(open_stream(server, path, buffer_bytes=buffer_bytes))
            await stream.first_event()
            return stream

    await asyncio.gather(*(open_one(path) for path in paths))


def main() -> None:
    """Measure and tell."""
    given = arguments(__doc__, followers=1000, slow=50, prompts=200, events=20_000)
    with folder_of_its_own() as folder:
        figures = asyncio.run(
            measure(folder, followers=given.followers, slow=given.slow, prompts=given.prompts, events=given.events)
        )
    tell(figures, as_json=given.json)


if __name__ == "__main__":
    main()
