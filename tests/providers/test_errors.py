# The provider's known surface begins with an underscore.
# pyright: reportPrivateUsage=false
from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest
import trustme

from robocoders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RobocodersAPI,
    ServerError,
    ValidationError,
)
from robocoders.errors import ConfigurationError, RobocodersError
from tests.providers.asking import HELLO, pieces, provider_at
from tests.providers.forward_proxy import ForwardProxy
from tests.standin import events, faults
from tests.standin.server import StandIn


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (422, ValidationError),
        (500, ServerError),
        (502, ServerError),
        (418, APIStatusError),
        (204, ProtocolError),
    ],
)
async def test_each_status_is_an_error_of_its_own(
    server: StandIn, provider: type[RobocodersAPI], status: int, error: type[RobocodersError]
) -> None:
    """Promise: the provider's documentation, create_async_generator: 401, 422, 5xx and any other status."""
    server.fail("POST /chat", *[faults.Reply(status)] * 4)
    with pytest.raises(error) as caught:
        await pieces(provider)
    assert type(caught.value) is error
    if isinstance(caught.value, APIStatusError):
        assert caught.value.status == status
        assert str(status) in str(caught.value)


async def test_a_busy_session_is_a_conflict(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, errors."""
    server.fail("POST /chat", faults.status(409, x_should_retry="false"))
    with pytest.raises(ConflictError):
        await pieces(provider)


async def test_errors_are_logged_without_content_and_raised(
    server: StandIn, provider: type[RobocodersAPI], caplog: pytest.LogCaptureFixture
) -> None:
    """Promise: the provider's documentation: other errors are logged and raised."""
    server.fail("POST /chat", faults.status(500, "private"))
    with caplog.at_level(logging.DEBUG, "robocoders.provider"), pytest.raises(ServerError):
        await pieces(provider)
    told = [record.getMessage() for record in caplog.records if record.name == "robocoders.provider"]
    assert len(told) == 1
    assert told[0].startswith(f"ServerError (server {server.url}")
    assert "private" not in told[0]


async def test_a_page_instead_of_events_is_a_protocol_error(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, errors."""
    server.fail("POST /chat", faults.page())
    with pytest.raises(ProtocolError):
        await pieces(provider)


async def test_with_nothing_listening_the_error_says_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    """Promise: the provider's guide: the address, that the hosted service is dark, and how to serve one's own."""
    url = f"http://127.0.0.1:{_free_port()}"
    provider = provider_at(url, tmp_path)
    provider._save_cached_data({"access_token": "kept", "sid": "kept"})
    begun = time.monotonic()
    with pytest.raises(APIConnectionError) as caught:
        await pieces(provider)
    assert time.monotonic() - begun < 10
    for part in (url, "gone dark", "robocoders serve", "ROBOCODERS_BASE_URL"):
        assert part in str(caught.value)
    assert str(caught.value).count("gone dark") == 1
    assert provider._get_cached_data()["sid"] == "kept"


async def test_a_bare_session_is_told_the_same(tmp_path: Path) -> None:
    """Promise: the provider's guide: the address, that the hosted service is dark, and how to serve one's own."""
    provider = provider_at(f"http://127.0.0.1:{_free_port()}", tmp_path)
    async with aiohttp.ClientSession() as http:
        for method in (provider._get_or_create_access_and_session, provider._fetch_and_cache_access_token):
            with pytest.raises(APIConnectionError, match="gone dark") as caught:
                await method(http)
            assert str(caught.value).count("gone dark") == 1


async def test_an_address_that_swallows_connections_is_told_of_within_the_connect_timeout(tmp_path: Path) -> None:
    """Promise: the provider's guide: within the connect timeout, whatever is tried again."""
    with socket.socket() as deaf, socket.socket() as filling:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        # The queue of one is full now: the kernel answers no further connection.
        filling.connect(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        timeout = aiohttp.ClientTimeout(total=None, connect=0.5, sock_read=5)
        begun = time.monotonic()
        with pytest.raises(APIConnectionError, match="gone dark"):
            await pieces(provider_at(url, tmp_path), timeout=timeout)
        assert time.monotonic() - begun < 5


async def test_silence_in_the_middle_of_an_answer_is_told_of(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, timeout: seconds of silence."""
    server.fail("POST /chat", faults.broken(events.message(1, "I begin."), "hang"))
    with pytest.raises(APITimeoutError) as caught:
        await pieces(provider, timeout=0.2)
    assert "gone dark" not in str(caught.value)


def test_with_no_server_at_all_the_hosted_one_is_tried_after_a_warning() -> None:
    """Promise: the provider's guide: this class alone falls back to the hosted address, and says once that it is dark.

    The proxy keeps the request on this machine.
    """
    program = (
        "import asyncio, json, logging, sys\n"
        "from robocoders import APIConnectionError, RobocodersAPI\n"
        "logging.basicConfig(format='%(levelname)s %(message)s')\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        asyncio.run(RobocodersAPI.create_async('', json.loads(sys.argv[1]), proxy=sys.argv[2]))\n"
        "    except APIConnectionError as error:\n"
        "        print(error)\n"
    )
    with ForwardProxy(None) as proxy:
        ended = subprocess.run(
            [sys.executable, "-c", program, json.dumps(HELLO), proxy.url],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    assert set(proxy.heads) == {"CONNECT api.robocoders.ai:443 HTTP/1.1"}
    assert ended.stderr.count("gone dark") == 1
    assert "https://api.robocoders.ai:443" in ended.stderr.splitlines()[0]
    assert ended.stdout.count("gone dark") == 2


async def test_a_wrong_answer_from_the_hosted_address_comes_with_the_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: the provider's guide: whoever sits at the hosted address now, the user learns what to do."""
    authority, tls = _authority("api.robocoders.ai")
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    monkeypatch.setenv("ROBOCODERS_API_TOKEN", "for-my-own-server")
    with StandIn(tls=tls) as server, ForwardProxy(server.url) as proxy:
        server.fail("GET /auth", faults.status(404))
        with pytest.raises(NotFoundError) as caught:
            await pieces(RobocodersAPI, proxy=proxy.url)
    assert any("gone dark" in note for note in caught.value.__notes__)
    assert "for-my-own-server" not in str(server.seen)


async def test_the_proxy_serves_every_request(server: StandIn, tmp_path: Path) -> None:
    """Repaired defect of the old provider: the proxy served the prompt and not the sign-in."""
    with ForwardProxy(server.url) as proxy:
        # A name that does not exist: a request past the proxy would fail.
        provider = provider_at("http://robocoders.invalid", tmp_path)
        assert await pieces(provider, proxy=proxy.url)
    assert [seen.route for seen in server.seen] == ["GET /auth", "GET /create-session", "POST /chat", "POST /chat"]
    assert proxy.heads[0] == "GET http://robocoders.invalid/auth HTTP/1.1"


async def test_the_proxy_serves_every_request_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repaired defect of the old provider: the proxy served the prompt and not the sign-in."""
    authority, tls = _authority("robocoders.invalid")
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    with StandIn(tls=tls) as server, ForwardProxy(server.url) as proxy:
        provider = provider_at("https://robocoders.invalid", tmp_path / "cache")
        assert await pieces(provider, proxy=proxy.url)
    assert set(proxy.heads) == {"CONNECT robocoders.invalid:443 HTTP/1.1"}
    assert len(server.seen) == 4


async def test_a_proxy_that_is_none_is_refused(provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, proxy."""
    with pytest.raises(ConfigurationError, match="proxy"):
        await anext(provider.create_async_generator("", HELLO, "socks5://user:secret@127.0.0.1:1"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _authority(name: str) -> tuple[trustme.CA, ssl.SSLContext]:
    """An authority, and what a server with its certificate for this name serves TLS with."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = authority.issue_cert(name)
    with leaf.private_key_and_cert_chain_pem.tempfile() as path:
        tls.load_cert_chain(path)
    return authority, tls
