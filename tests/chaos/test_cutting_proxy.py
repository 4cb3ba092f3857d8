from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.cutting_proxy import Budget, RequestCounter, cut_anywhere, cutting_proxy

_BOUND_SECONDS = 20.0


@asynccontextmanager
async def _echo_server() -> AsyncGenerator[int]:
    """A server that sends back what it gets; yields its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(1000):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


async def _echoed(port: int, sent: bytes) -> tuple[bytes, bool]:
    """What comes back before the connection ends or all is there, and whether it was reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = bytearray()
    try:
        async with asyncio.timeout(_BOUND_SECONDS):
            writer.write(sent)
            while len(got) < len(sent) and (chunk := await reader.read(1000)):
                got += chunk
    except ConnectionError:
        return bytes(got), True
    finally:
        writer.close()
    return bytes(got), False


async def test_a_connection_that_is_spared_passes_everything() -> None:
    """Promise: ours: the fault that a test sees is one that the proxy made."""
    async with _echo_server() as port, cutting_proxy(port) as proxy:
        assert await _echoed(proxy.port, b"x" * 50_000) == (b"x" * 50_000, False)
        assert (proxy.connections, proxy.cuts) == (1, 0)


@pytest.mark.parametrize(("budget", "most"), [(Budget(up=7), 7), (Budget(down=11), 11), (Budget(up=0), 0)])
async def test_a_connection_is_cut_at_its_byte(budget: Budget, most: int) -> None:
    """Promise: ours: a connection is cut at any byte, in both directions."""
    async with _echo_server() as port, cutting_proxy(port, lambda: budget) as proxy:
        got, _ = await _echoed(proxy.port, b"abcdefghijklmnopqrstuvwxyz")
        assert b"abcdefghijklmnopqrstuvwxyz".startswith(got)
        assert len(got) <= most
        await proxy.wait_for_cuts(1)


async def test_a_connection_can_be_reset() -> None:
    """Promise: ours: connections break by a reset, too."""
    async with _echo_server() as port, cutting_proxy(port, lambda: Budget(down=0, reset=True)) as proxy:
        _, was_reset = await _echoed(proxy.port, b"abc")
        assert was_reset


def test_the_same_seed_cuts_at_the_same_bytes() -> None:
    """Promise: ours: a seed that is given again makes the same cuts."""
    first, second = (cut_anywhere(random.Random(7), up=700, down=1500, spared=0.25) for _ in range(2))
    budgets = [first() for _ in range(50)]
    assert budgets == [second() for _ in range(50)]
    assert any((budget.down or 0) > 1500 for budget in budgets)
    assert {True, False} == {budget.reset for budget in budgets}
    assert any(budget.up is not None for budget in budgets)
    assert any(budget.down is not None for budget in budgets)


def test_a_request_counts_once_it_is_whole() -> None:
    """Promise: ours: only what a server had the whole of is a duplicated send."""
    requests = b"POST /chat?x=1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET /a HTTP/1.1\r\nHost: b\r\n\r\nPOST /c"
    whole = ["POST /chat?x=1 HTTP/1.1", "GET /a HTTP/1.1"]
    counter = RequestCounter()
    assert [line.decode() for byte in requests for line in counter.feed(bytes([byte]))] == whole
    assert RequestCounter().feed(requests[:48]) == []
