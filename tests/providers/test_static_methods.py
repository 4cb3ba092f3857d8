# The provider's known surface begins with an underscore.
# pyright: reportPrivateUsage=false
from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from robocoders import AuthenticationError, ProtocolError, RobocodersAPI, ServerError, ValidationError
from robocoders.client.leases import SessionLease
from tests.providers.asking import pieces, provider_at
from tests.standin import faults
from tests.standin.server import StandIn
from tests.support.service import running_service


async def test_token_and_session_are_fetched_and_cached(server: StandIn, tmp_path: Path) -> None:
    """Promise: the provider's documentation, _get_or_create_access_and_session; the directory and its parents."""
    provider = provider_at(server.url, tmp_path / "not" / "there")
    async with aiohttp.ClientSession() as http:
        token, sid = await provider._get_or_create_access_and_session(http)
        assert (token in server.tokens, sid in server.sessions) == (True, True)
        assert await provider._get_or_create_access_and_session(http) == (token, sid)
    assert [seen.route for seen in server.seen] == ["GET /auth", "GET /create-session"]
    assert stat.S_IMODE(provider.CACHE_DIR.stat().st_mode) == 0o700
    assert provider._get_cached_data() == {"server": server.url, "access_token": token, "sid": sid}


async def test_the_callers_session_is_neither_closed_nor_changed(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's documentation, the session is the caller's."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}, timeout=timeout) as http:
        await provider._get_or_create_access_and_session(http)
        assert not http.closed
        assert (dict(http.headers), http.timeout, len(http.cookie_jar)) == ({"X-Mine": "yes"}, timeout, 0)
    assert server.seen[0].headers["x-mine"] == "yes"


async def test_headers_are_honest(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide: it does not pretend to be a browser."""
    async with aiohttp.ClientSession() as http:
        await provider._get_or_create_access_and_session(http)
    assert server.seen[0].headers["accept"] == "text/html"
    assert {seen.headers["user-agent"].partition("/")[0] for seen in server.seen} == {"robocoders"}


async def test_with_no_variable_set_it_works_against_a_running_server_of_ones_own(tmp_path: Path) -> None:
    """Promise: the provider's documentation, second example: `robocoders serve` in local mode is found by itself."""
    with running_service(tmp_path / "data") as service:
        async with aiohttp.ClientSession() as http:
            token, sid = await RobocodersAPI._get_or_create_access_and_session(http)
        assert service.send("GET", f"/sessions/{sid}", token=token).status == 200
        assert RobocodersAPI._get_cached_data()["server"] == service.url
        assert "You said: Hello" in "".join(await pieces(RobocodersAPI))


async def test_the_sign_in_key_goes_to_the_exact_address_only(tmp_path: Path, server: StandIn) -> None:
    """Promise: SECURITY, the sign-in key of a server of one's own."""
    with running_service(tmp_path / "data"):
        await pieces(RobocodersAPI, base_url=server.url)
    assert "authorization" not in server.asked("GET /auth")[0].headers


async def test_a_session_in_use_is_left_to_its_user(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, a cached session is leased."""
    async with aiohttp.ClientSession() as http:
        token, sid = await provider._get_or_create_access_and_session(http)
        with SessionLease.take(provider.CACHE_DIR / "leases", server.url, sid) or pytest.fail("it is not free"):
            other_token, other_sid = await provider._get_or_create_access_and_session(http)
        assert (other_token == token, other_sid == sid) == (True, False)
        assert await provider._get_or_create_access_and_session(http) == (token, sid)


async def test_a_token_of_the_page_is_stripped_saved_and_returned(
    server: StandIn, provider: type[RobocodersAPI]
) -> None:
    """Promise: the provider's documentation, _fetch_and_cache_access_token."""
    provider._save_cached_data({"access_token": "old", "sid": "kept"})
    server.fail("GET /auth", faults.page('<pre class="x" id="token"> \n fresh.token \n</pre>'))
    async with aiohttp.ClientSession() as http:
        assert await provider._fetch_and_cache_access_token(http) == "fresh.token"
    data = provider._get_cached_data()
    assert (data["access_token"], data["sid"]) == ("fresh.token", "kept")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.page("<p>Please pay for the network</p>"), AuthenticationError),
        (faults.page('<pre id="token">  </pre>'), AuthenticationError),
        (faults.page('<pre id="token">two words</pre>'), AuthenticationError),
        (faults.status(401), AuthenticationError),
    ],
    ids=["no token", "empty", "no header value", "401"],
)
async def test_without_a_token_there_is_an_error_and_never_none(
    server: StandIn, provider: type[RobocodersAPI], fault: faults.Reply, error: type[Exception]
) -> None:
    """Repaired defect of the old provider: it went on with the token None."""
    server.fail("GET /auth", fault, fault)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(error):
            await provider._fetch_and_cache_access_token(http)
        with pytest.raises(error):
            await provider._get_or_create_access_and_session(http)
    assert server.asked("GET /create-session") == []


async def test_a_sign_in_page_that_fails_is_the_statuss_error(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, distinct errors."""
    server.fail("GET /auth", *[faults.status(500, retry_after="0")] * 3)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ServerError):
            await provider._fetch_and_cache_access_token(http)


async def test_a_session_is_asked_for_with_the_token_and_cached(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, _create_and_cache_session."""
    server.tokens.add("good")
    async with aiohttp.ClientSession() as http:
        sid = await provider._create_and_cache_session(http, "good")
    assert provider._get_cached_data()["sid"] == sid == server.sessions[0]
    assert server.seen[0].headers["authorization"] == "Bearer good"


async def test_401_clears_the_cache_and_raises(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's documentation, _create_and_cache_session."""
    provider._save_cached_data({"access_token": "dead", "sid": "dead too"})
    async with aiohttp.ClientSession() as http:
        with pytest.raises(AuthenticationError):
            await provider._create_and_cache_session(http, "dead")
    assert provider._get_cached_data() == {}
    assert not provider.CACHE_FILE.exists()


async def test_401_leaves_what_is_cached_of_other_servers(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide, cache format: two servers share nothing."""
    await pieces(provider)
    with StandIn() as other:
        await pieces(provider, base_url=other.url)
        async with aiohttp.ClientSession() as http:
            with pytest.raises(AuthenticationError):
                await provider._create_and_cache_session(http, "dead")
        data = provider._get_cached_data()
        assert "access_token" not in data
        assert data["servers"][other.url]["access_token"] in other.tokens


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.status(422, [{"loc": ["header"], "msg": "missing", "type": "missing"}]), ValidationError),
        (faults.body(b'{"id": 1}'), ProtocolError),
        (faults.body(b"null"), ProtocolError),
        (faults.page(), ProtocolError),
    ],
    ids=["422", "no sid", "null", "page"],
)
async def test_without_a_session_there_is_an_error_and_never_none(
    server: StandIn, provider: type[RobocodersAPI], fault: faults.Reply, error: type[Exception]
) -> None:
    """Promise: the provider's documentation, _create_and_cache_session; none of the methods returns None."""
    server.tokens.add("good")
    server.fail("GET /create-session", fault)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(error):
            await provider._create_and_cache_session(http, "good")


def test_without_beautifulsoup_nothing_is_asked_and_the_install_line_is_named(server: StandIn) -> None:
    """Promise: the provider's documentation, MissingRequirementsError before any request."""
    program = (
        "import asyncio, sys, aiohttp\n"
        "sys.modules['bs4'] = None\n"
        "from robocoders import MissingRequirementsError, RobocodersAPI\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession() as http:\n"
        "        await RobocodersAPI._fetch_and_cache_access_token(http)\n"
        "try:\n"
        "    asyncio.run(main())\n"
        "except MissingRequirementsError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pip install beautifulsoup4" in ended.stdout
    assert server.seen == []


async def test_a_subclass_has_a_life_of_its_own(server: StandIn, tmp_path: Path) -> None:
    """Promise: the provider's guide: static methods act on the class they are looked up on."""
    with StandIn() as other_server:
        one, other = provider_at(server.url, tmp_path / "one"), provider_at(other_server.url, tmp_path / "other")
        async with aiohttp.ClientSession() as http:
            _, sid = await one._get_or_create_access_and_session(http)
            _, other_sid = await other()._get_or_create_access_and_session(http)
        assert (server.sessions, other_server.sessions) == ([sid], [other_sid])
        assert (one._get_cached_data()["sid"], other._get_cached_data()["sid"]) == (sid, other_sid)
        one._clear_cached_data()
        other._update_cached_data({"more": 1})
        assert one._get_cached_data() == RobocodersAPI._get_cached_data() == {}
        assert other._get_cached_data()["more"] == 1


async def test_a_subclass_may_name_its_cache_file_alone(server: StandIn, tmp_path: Path) -> None:
    """Promise: the provider's guide: a replaced CACHE_FILE is enough."""

    class Own(RobocodersAPI):
        api_endpoint = f"{server.url}/chat"
        CACHE_FILE = tmp_path / "own.json"

    await pieces(Own)
    assert Own._get_cached_data()["server"] == server.url
    assert (tmp_path / "own.json").exists()
    assert not RobocodersAPI.CACHE_FILE.exists()


async def test_methods_that_a_subclass_replaces_are_used(server: StandIn, provider: type[RobocodersAPI]) -> None:
    """Promise: the provider's guide: the documented methods are where a subclass can step in."""
    server.tokens.add("by other means")

    class SignsInOtherwise(provider):
        @staticmethod
        async def _fetch_and_cache_access_token(session: aiohttp.ClientSession) -> str:
            assert not session.closed
            provider._update_cached_data({"access_token": "by other means"})
            return "by other means"

    await pieces(SignsInOtherwise)
    assert [seen.route for seen in server.seen[:2]] == ["GET /create-session", "POST /chat"]
    assert server.asked("POST /chat")[0].headers["authorization"] == "Bearer by other means"


def test_a_method_taken_from_the_class_dictionary_works_on_the_provider_itself() -> None:
    """Promise: the provider's documentation, the methods are plain static methods."""
    RobocodersAPI.__dict__["_save_cached_data"].__func__({"sid": "bare"})
    assert RobocodersAPI._get_cached_data() == {"sid": "bare"}
