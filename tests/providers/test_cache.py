# The provider's known surface begins with an underscore.
# pyright: reportPrivateUsage=false
from __future__ import annotations

import base64
import json
import logging
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from robocoders import RobocodersAPI
from tests.providers.asking import HELLO, pieces, provider_at
from tests.standin.server import StandIn

DAMAGED = {
    "corrupt": b'{"access_token": "abc", ',
    "empty": b"",
    "no object": b'["access_token"]',
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "odd values": json.dumps({"access_token": 7, "sid": ["x"], "servers": 3}).encode(),
    "odd server": json.dumps({"access_token": "abc", "sid": "x", "server": "no address"}).encode(),
}


MANY_PROCESSES = """
import asyncio, json, multiprocessing, sys
import aiohttp, bs4, filelock, platformdirs
from robocoders import RobocodersAPI

def ask(barrier):
    barrier.wait(60)
    asyncio.run(RobocodersAPI.create_async("", json.loads(sys.argv[1]), base_url=sys.argv[2], max_continues=0))
    json.loads(RobocodersAPI.CACHE_FILE.read_bytes())

# Forked, so that the libraries are loaded once and all begin in the same moment.
context = multiprocessing.get_context("fork")
barrier = context.Barrier(32)
started = [context.Process(target=ask, args=(barrier,)) for _ in range(32)]
for process in started:
    process.start()
for process in started:
    process.join(60)
sys.exit(any(process.exitcode for process in started))
"""


def test_saving_replaces_and_updating_merges() -> None:
    """Promise: the provider's documentation, _save_cached_data, _update_cached_data, _get_cached_data."""
    assert RobocodersAPI._get_cached_data() == {}
    RobocodersAPI._save_cached_data({"access_token": "one", "sid": "a"})
    RobocodersAPI._update_cached_data({"sid": "b", "more": 1})
    assert RobocodersAPI._get_cached_data() == {"access_token": "one", "sid": "b", "more": 1}
    RobocodersAPI._save_cached_data({"access_token": "two"})
    assert RobocodersAPI._get_cached_data() == {"access_token": "two"}
    assert json.loads(RobocodersAPI.CACHE_FILE.read_bytes()) == {"access_token": "two"}


def test_the_file_is_the_users_alone() -> None:
    """Repaired defect of the old provider: its cache was readable by everybody."""
    RobocodersAPI._update_cached_data({"access_token": "one"})
    assert stat.S_IMODE(RobocodersAPI.CACHE_FILE.stat().st_mode) == 0o600
    assert stat.S_IMODE(RobocodersAPI.CACHE_DIR.stat().st_mode) == 0o700


@pytest.mark.parametrize("endpoint", ["", "no address", "ftp://host/chat", "http://host:port/chat"])
def test_an_odd_endpoint_raises_nothing_where_the_cache_is_read_or_cleared(tmp_path: Path, endpoint: str) -> None:
    """Promise: the provider's documentation, _get_cached_data and _clear_cached_data never raise."""

    class Odd(RobocodersAPI):
        api_endpoint = endpoint
        CACHE_DIR = tmp_path

    Odd._save_cached_data({"access_token": "one"})
    assert Odd._get_cached_data() == {"access_token": "one"}
    Odd._clear_cached_data()
    assert Odd._get_cached_data() == {}


def test_clearing_removes_the_file_and_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Promise: the provider's documentation, _clear_cached_data logs."""
    RobocodersAPI._clear_cached_data()
    RobocodersAPI._save_cached_data({"access_token": "one"})
    RobocodersAPI._clear_cached_data()
    assert not RobocodersAPI.CACHE_FILE.exists()
    RobocodersAPI.CACHE_FILE.mkdir()
    RobocodersAPI._clear_cached_data()
    assert "cannot be removed" in caplog.text


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
async def test_a_damaged_cache_never_breaks_a_call(
    server: StandIn, provider: type[RobocodersAPI], content: bytes
) -> None:
    """Repaired defect of the old provider: a corrupt cache raised on every call."""
    provider.CACHE_DIR.mkdir()
    provider.CACHE_FILE.write_bytes(content)
    assert await pieces(provider)
    data = provider._get_cached_data()
    assert _entry(data, server.url)["access_token"] in server.tokens
    assert _entry(data, server.url)["sid"] in server.sessions


@pytest.mark.parametrize("content", list(DAMAGED.values())[:5], ids=list(DAMAGED)[:5])
def test_a_damaged_cache_counts_as_empty_everywhere(content: bytes) -> None:
    """Promise: the provider's documentation, a corrupt file counts as empty everywhere."""
    RobocodersAPI.CACHE_DIR.mkdir(parents=True)
    RobocodersAPI.CACHE_FILE.write_bytes(content)
    assert RobocodersAPI._get_cached_data() == {}
    RobocodersAPI._update_cached_data({"sid": "x"})
    assert RobocodersAPI._get_cached_data() == {"sid": "x"}


async def test_a_place_that_cannot_be_written_means_working_without_it(
    server: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: the provider's guide, an unwritable place gives one warning."""
    (tmp_path / "file").write_text("in the way")
    provider = provider_at(server.url, tmp_path / "file" / "cache")
    with caplog.at_level(logging.WARNING):
        assert await pieces(provider)
        assert await pieces(provider)
    assert caplog.text.count("cannot be written") == 1
    assert len(server.asked("GET /auth")) == 1


async def test_two_servers_never_share_a_token(server: StandIn) -> None:
    """Promise: the provider's guide, cache format."""
    with StandIn() as other:
        for _ in range(2):
            await pieces(RobocodersAPI, base_url=server.url)
            await pieces(RobocodersAPI, base_url=other.url)
        for one in (server, other):
            assert {seen.headers["authorization"] for seen in one.asked("POST /chat")} == {
                f"Bearer {token}" for token in one.tokens
            }
        data = RobocodersAPI._get_cached_data()
        assert data["server"] == server.url
        assert list(data["servers"]) == [other.url]


async def test_flat_keys_without_a_server_belong_to_the_classs_own_endpoint(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's guide, cache format: files of old providers are understood."""
    server.tokens.add("old-token")
    server.sessions.append("old-sid")
    provider._save_cached_data({"access_token": "old-token", "sid": "old-sid"})
    await pieces(provider)
    assert server.asked("GET /auth") == []
    assert server.runs[0].sid == "old-sid"


async def test_flat_keys_of_the_hosted_service_are_not_shown_to_another_server(server: StandIn) -> None:
    """Promise: the provider's guide, cache format: no server sees another's token."""
    RobocodersAPI._save_cached_data({"access_token": "hosted-token", "sid": "hosted-sid"})
    await pieces(RobocodersAPI, base_url=server.url)
    assert all("hosted" not in str(seen.headers) + str(seen.body) for seen in server.seen)
    data = RobocodersAPI._get_cached_data()
    assert (data["access_token"], data["sid"]) == ("hosted-token", "hosted-sid")


async def test_an_expired_token_is_not_sent(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, an expired JWT is not sent."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "me", "exp": 1_700_000_000}).encode()).rstrip(b"=").decode()
    expired = f"e30.{claims}.c2ln"
    provider._save_cached_data({"access_token": expired, "sid": "kept"})
    await pieces(provider)
    assert all(expired not in seen.headers.get("authorization", "") for seen in server.seen)


async def test_token_and_session_are_reused(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, caching."""
    await pieces(provider)
    await pieces(provider)
    assert len(server.asked("GET /auth")) == 1
    assert len(server.asked("GET /create-session")) == 1
    assert len({run.sid for run in server.runs}) == 1


def test_processes_that_start_at_once_sign_in_once(server: StandIn, tmp_path: Path) -> None:
    """Repaired defect of the old provider: an unlocked cache; promise: 32 processes sign in once."""
    ended = subprocess.run(
        [sys.executable, "-c", MANY_PROCESSES, json.dumps(HELLO), server.url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(server.asked("GET /auth")) == 1
    assert len(server.runs) == 32
    assert stat.S_IMODE(RobocodersAPI.CACHE_FILE.stat().st_mode) == 0o600


def _entry(data: dict[str, Any], url: str) -> dict[str, Any]:
    return data if data.get("server") == url else data["servers"][url]
