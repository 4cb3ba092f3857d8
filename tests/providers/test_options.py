# The provider's known surface begins with an underscore.
# pyright: reportPrivateUsage=false
from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from robocoders import RobocodersAPI
from robocoders.client import discovery
from robocoders.client.discovery import LocalServer, process_start_time
from robocoders.client.transport import Timeouts
from robocoders.errors import ConfigurationError
from robocoders.providers.destination import HOSTED, HOSTED_ENDPOINT, address_of_endpoint, find_destination
from robocoders.providers.options import CallOptions
from tests.providers.asking import HELLO, pieces
from tests.standin.server import StandIn
from tests.support.service import running_service


def test_the_defaults_are_the_documented_ones() -> None:
    """Promise: the provider's guide, keyword arguments."""
    options = CallOptions.from_keywords({"stream": True, "api_key": "ignored", "timeout": None})
    assert options == CallOptions()
    assert options.timeouts == Timeouts(connect=10.0, idle=60.0)
    assert (options.max_continues, options.steps, options.session_id, options.base_url) == (8, True, None, None)
    assert options.connect_seconds == 10.0


def test_a_number_of_seconds_is_the_silence_that_is_borne() -> None:
    """Promise: the provider's guide, timeout."""
    assert CallOptions.from_keywords({"timeout": 5}).timeouts == Timeouts(connect=10.0, idle=5.0)


def test_a_timeout_of_aiohttp_is_taken_as_it_is() -> None:
    """Promise: the provider's guide, timeout."""
    timeout = aiohttp.ClientTimeout(total=7, connect=3)
    options = CallOptions.from_keywords({"timeout": timeout})
    assert options.timeouts is timeout
    assert options.connect_seconds == 3
    assert CallOptions.from_keywords({"timeout": aiohttp.ClientTimeout(total=None)}).connect_seconds == 10.0


async def test_the_timeout_of_a_callers_session_holds() -> None:
    """Promise: the provider's documentation, the session is not changed, and neither is what it was set to."""
    async with aiohttp.ClientSession() as plain, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as own:
        assert CallOptions.of_session(plain) == CallOptions()
        assert CallOptions.of_session(own).timeouts is own.timeout


@pytest.mark.parametrize(
    "keywords",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": "soon"},
        {"max_continues": -1},
        {"max_continues": "many"},
        {"session_id": 7},
        {"base_url": b"http://127.0.0.1"},
        {"base_url": "127.0.0.1:8760"},
        {"base_url": "http://user:secret@127.0.0.1"},
    ],
)
async def test_what_cannot_be_used_is_refused_before_any_request(keywords: dict[str, Any]) -> None:
    """Promise: the provider's guide, errors."""
    with pytest.raises(ConfigurationError) as caught:
        await anext(RobocodersAPI.create_async_generator("", HELLO, **keywords))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("steps", [True, False, 1, 0])
def test_steps_is_yes_or_no(steps: object) -> None:
    """Promise: the provider's guide, steps."""
    assert CallOptions.from_keywords({"steps": steps}).steps is bool(steps)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://127.0.0.1:8760/chat", "http://127.0.0.1:8760"),
        ("http://127.0.0.1:8760/chat/", "http://127.0.0.1:8760"),
        ("http://127.0.0.1:8760", "http://127.0.0.1:8760"),
        ("https://Example.org/agents/chat", "https://example.org:443/agents"),
        (HOSTED_ENDPOINT, "https://api.robocoders.ai:443"),
    ],
)
def test_a_server_stands_before_the_chat_of_its_endpoint(endpoint: str, address: str) -> None:
    """Promise: the provider's guide, where it goes."""
    assert address_of_endpoint(endpoint) == address


def test_the_order_of_places_is_the_documented_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: Callable[[str], None]
) -> None:
    """Promise: the provider's guide, where it goes."""
    own = "http://127.0.0.1:2/chat"
    assert find_destination(None, HOSTED_ENDPOINT) is HOSTED
    running("https://127.0.0.1:4")
    assert find_destination(None, HOSTED_ENDPOINT).address == "https://127.0.0.1:4"
    running("http://127.0.0.1:3")
    running("https://127.0.0.1:5")
    # A server with TLS may show a certificate for another name.
    found = find_destination(None, HOSTED_ENDPOINT)
    assert (found.address, found.sign_in_key) == ("http://127.0.0.1:3", "key of http://127.0.0.1:3")
    monkeypatch.setenv("ROBOCODERS_BASE_URL", "http://127.0.0.1:9")
    assert find_destination(None, HOSTED_ENDPOINT).address == "http://127.0.0.1:9"
    assert find_destination(None, own).address == "http://127.0.0.1:2"
    found = find_destination("http://127.0.0.1:3/", own)
    assert (found.address, found.sign_in_key) == ("http://127.0.0.1:3", "key of http://127.0.0.1:3")


async def test_an_assigned_endpoint_is_a_replaced_one(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: the provider's guide, where it goes: a subclass or an assignment."""

    class Assigned(RobocodersAPI):
        """A class whose attribute is set later."""

    Assigned.api_endpoint = f"{server.url}/chat"
    monkeypatch.setenv("ROBOCODERS_BASE_URL", "http://127.0.0.1:9")
    assert await pieces(Assigned)


async def test_the_address_of_the_environment_is_used(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: the page about the environment, ROBOCODERS_BASE_URL."""
    monkeypatch.setenv("ROBOCODERS_BASE_URL", server.url)
    assert await pieces(RobocodersAPI)


@pytest.mark.parametrize("auth", ["local", "open"])
async def test_it_talks_to_a_server_of_this_project_in_both_modes(tmp_path: Path, auth: str) -> None:
    """Promise: README: a provider script runs against `robocoders serve` in both modes."""
    history = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "there"}]
    with running_service(tmp_path / "data", auth=auth) as service:
        assert "You said: Hello" in "".join(await pieces(RobocodersAPI))
        await pieces(RobocodersAPI, history, session_id=RobocodersAPI._get_cached_data()["sid"])
        assert [turn.history for turn in service.turns.seen][1] == []


@pytest.fixture
def running() -> Generator[Callable[[str], None]]:
    """Put servers on the list of running ones; for each a process waits that stands for it."""
    processes: list[subprocess.Popen[bytes]] = []

    def register(url: str) -> None:
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        processes.append(process)
        started, time = process_start_time(process.pid), f"2026-01-01T00:00:0{url[-1]}"
        discovery.register(LocalServer(url, process.pid, started, "/data", "0", "local", (), f"key of {url}", time))

    yield register
    for process in processes:
        process.communicate()
