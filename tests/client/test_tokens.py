from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robocoders import AsyncRobocoders, AuthenticationError, ConfigurationError, NotFoundError
from robocoders.client import places
from robocoders.client.credentials import CredentialCache
from robocoders.client.discovery import LocalServer, process_start_time, register
from tests.client.fronts import Front, collect
from tests.standin import events, faults
from tests.standin.server import StandIn

ROOT = Path(__file__).resolve().parents[2]


def _cached(server: StandIn) -> str | None:
    return CredentialCache(places.credentials_file()).get(server.url).access_token


def _register(server: StandIn, key: str | None, data_dir: str = "/data") -> None:
    pid = os.getpid()
    register(LocalServer(server.url, pid, process_start_time(pid), data_dir, "1", "local", (), key, "2026-01-01"))


async def test_a_token_is_cached_and_used_again(front: Front, original: StandIn) -> None:
    """Promise: tokens (argument, environment, cache, else a sign-in)."""
    for _ in range(2):
        async with front.connect(original.url) as client:
            await client.ask("Hi")
    assert len(original.asked("GET /auth")) == 1
    assert {_cached(original)} == original.tokens
    assert original.asked("GET /auth")[0].headers["accept"] == "text/html"


async def test_a_given_token_goes_before_all_others(
    front: Front, original: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: tokens (argument, then ROBOCODERS_API_TOKEN, then the cache)."""
    original.tokens |= {"argument", "variable", "cached"}
    CredentialCache(places.credentials_file()).update(original.url, access_token="cached")
    for given, variable, used in (
        ("argument", "variable", "argument"),
        (None, "variable", "variable"),
        (None, "", "cached"),
    ):
        monkeypatch.setenv("ROBOCODERS_API_TOKEN", variable)
        async with front.connect(original.url, given) as client:
            await client.create_session()
        assert original.seen[-1].headers["authorization"] == f"Bearer {used}"
    assert original.asked("GET /auth") == []


@pytest.mark.parametrize("token", [" ", "two words", "line\nfeed", "ключ"])
async def test_a_given_token_that_is_none_is_refused_at_once(front: Front, original: StandIn, token: str) -> None:
    """Promise: errors, ConfigurationError for what was given here; the value is not repeated."""
    with pytest.raises(ConfigurationError, match="given by token") as caught:
        async with front.connect(original.url, token):
            pass
    assert token.strip() == "" or token not in str(caught.value)


@pytest.mark.parametrize("route", ["GET /create-session", "POST /chat", "POST /get-session-code"])
async def test_a_refused_cached_token_is_replaced_once(front: Front, original: StandIn, route: str) -> None:
    """Repaired defect of the old provider: no sign-in after a 401."""
    original.fail(route, faults.status(401))
    async with front.connect(original.url) as client:
        session = await client.create_session()
        assert (await session.ask("Hi")).text == "Hello."
        await session.code("octocat")
    assert len(original.asked("GET /auth")) == 2
    assert len(original.runs) == 1
    assert _cached(original) in original.tokens


async def test_a_token_that_dies_within_an_answer_is_replaced(front: Front, announcing: StandIn) -> None:
    """Promise: a prompt is never run twice and no event is lost, also when the token dies in between."""
    announcing.answer([events.message(1, "a"), events.closing(2)])
    announcing.fail("POST /chat", faults.broken(events.message(1, "a"), "reset", announced=True), faults.status(401))
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        assert [event.id for event in await collect(session.chat("Hi"))] == [1, 2]
    assert len(announcing.runs) == 1


async def test_a_given_token_is_not_replaced(front: Front, original: StandIn) -> None:
    """Promise: tokens (a sign-in never takes the place of a token that was given)."""
    async with front.connect(original.url, "wrong") as client:
        with pytest.raises(AuthenticationError):
            await client.create_session()
        with pytest.raises(AuthenticationError):
            await client.session("s").ask("Hi")
    assert original.asked("GET /auth") == []


async def test_an_expired_token_is_not_sent(front: Front, original: StandIn) -> None:
    """Promise: an expired JWT is not sent."""
    original.expires_in_seconds = 3600.0
    front.clock.advance(-front.clock.now())
    async with front.connect(original.url) as client:
        await client.sign_in()
    (old,) = original.tokens
    front.clock.advance(10**11)
    async with front.connect(original.url) as client:
        await client.create_session()
    sent = original.asked("GET /create-session")[0].headers["authorization"]
    assert sent != f"Bearer {old}"


async def test_the_token_itself_can_be_had(front: Front, original: StandIn) -> None:
    """Promise: docs/client.md, token(): what the next call sends, by a sign-in if there is none."""
    async with front.connect(original.url) as client:
        token = await client.token()
        await client.create_session()
    assert original.asked("GET /create-session")[0].headers["authorization"] == f"Bearer {token}"
    async with front.connect(original.url, "given") as client:
        assert await client.token() == "given"


async def test_a_wrong_clock_does_not_sign_in_forever(front: Front, original: StandIn) -> None:
    """Promise: a fresh token is used although this machine's clock says that it has expired."""
    front.clock.advance(10**11)
    async with front.connect(original.url) as client:
        await client.ask("Hi")
        await client.ask("Hi")
    assert len(original.asked("GET /auth")) == 1


async def test_a_dead_token_is_forgotten_even_if_the_sign_in_fails(front: Front, original: StandIn) -> None:
    """Repaired defect of the old provider: a dead token stayed in the cache for good."""
    CredentialCache(places.credentials_file()).update(original.url, access_token="dead")
    original.fail("GET /auth", faults.status(403))
    async with front.connect(original.url) as client:
        with pytest.raises(Exception, match="403"):
            await client.create_session()
    assert _cached(original) is None


async def test_the_sign_in_key_of_an_own_server_is_used(front: Front) -> None:
    """Promise: a running local server is found and signed in to without being asked."""
    with StandIn(announced=True, sign_in_key="key-of-mine") as server:
        _register(server, "key-of-mine")
        async with front.connect(None) as client:
            assert client.base_url == server.url
            assert (await client.ask("Hi")).text == "Hello."
        async with front.connect(server.url) as client:
            await client.ask("Hi")


async def test_the_sign_in_key_goes_to_its_exact_address_only(front: Front) -> None:
    """Promise: the sign-in key of a local server goes only to the exact address in the discovery file."""
    with StandIn(announced=True, sign_in_key="key-of-mine") as server:
        _register(server, "key-of-mine")
        async with front.connect(server.url.replace("127.0.0.1", "localhost")) as client:
            with pytest.raises(AuthenticationError, match="robocoders login"):
                await client.sign_in()
        assert "authorization" not in server.seen[-1].headers


async def test_no_server_named_and_none_running_says_what_to_do(front: Front) -> None:
    """Promise: ConfigurationError that says how to start one; the hosted service is never contacted unasked."""
    with pytest.raises(ConfigurationError, match="robocoders serve"):
        async with front.connect(None):
            pass


async def test_a_chosen_data_directory_chooses_the_server_that_keeps_it(
    front: Front, announcing: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: environment, ROBOCODERS_DATA_DIR: client and command choose the same server."""
    _register(announcing, None, str(tmp_path))
    monkeypatch.setenv("ROBOCODERS_DATA_DIR", str(tmp_path / "." / "elsewhere" / ".."))
    async with front.connect(None) as client:
        assert client.base_url == announcing.url
    monkeypatch.setenv("ROBOCODERS_DATA_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigurationError, match=r"none of yours is running with the data directory .*elsewhere"):
        async with front.connect(None):
            pass


async def test_the_variable_names_the_server(
    front: Front, original: StandIn, announcing: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: base_url (argument, ROBOCODERS_BASE_URL, user file, running local server)."""
    _register(announcing, None)
    monkeypatch.setenv("ROBOCODERS_BASE_URL", original.url + "/")
    async with front.connect(None) as client:
        assert client.base_url == original.url
    async with front.connect(announcing.url) as client:
        assert client.base_url == announcing.url


async def test_concurrent_calls_sign_in_once(original: StandIn) -> None:
    """Promise: whoever starts at once with an empty cache signs in once."""
    async with AsyncRobocoders(original.url) as client:
        replies = await asyncio.gather(*(client.ask(f"Prompt {number}") for number in range(16)))
    assert len(original.asked("GET /auth")) == 1
    assert len({reply.session_id for reply in replies}) == 16


async def test_concurrent_calls_sign_in_once_without_a_cache(original: StandIn) -> None:
    """Promise: an unwritable place means working without a cache, and signing in once all the same."""
    places.cache_dir().parent.mkdir(parents=True)
    places.cache_dir().write_text("no directory")
    async with AsyncRobocoders(original.url) as client:
        await asyncio.gather(*(client.ask(f"Prompt {number}") for number in range(8)))
    assert len(original.asked("GET /auth")) == 1


_CHILD = """
import sys
from robocoders import Robocoders
sys.stdin.read(1)
with Robocoders(sys.argv[1]) as client:
    client.create_session()
"""


def test_many_processes_at_once_sign_in_once(original: StandIn) -> None:
    """Promise: 32 processes starting at once with an empty cache sign in once; the file is whole and 0600."""
    children = [
        subprocess.Popen([sys.executable, "-c", _CHILD, original.url], stdin=subprocess.PIPE, cwd=ROOT)
        for _ in range(32)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"!")
        child.stdin.close()
    codes = [child.wait(120) for child in children]
    assert codes == [0] * 32
    assert len(original.asked("GET /auth")) == 1
    assert len(original.sessions) == 32
    path = places.credentials_file()
    assert json.loads(path.read_bytes())["server"] == original.url
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_lost_new_session_is_replaced_once(front: Front) -> None:
    """Promise: a lost session is replaced once, where the client made it and nothing was said in it yet."""
    with StandIn(unknown_session=404) as server:
        async with front.connect(server.url) as client:
            session = await client.create_session()
            lost = server.sessions.pop()
            assert session.id == lost
            assert (await session.ask("Hi")).session_id == session.id != lost
            server.sessions.clear()
            with pytest.raises(NotFoundError, match="has lost the session"):
                await session.ask("And now?")
    assert [run.prompt for run in server.runs] == ["Hi"]


async def test_a_session_lost_twice_is_an_error(front: Front) -> None:
    """Promise: a lost session is replaced once."""
    with StandIn(unknown_session=404) as server:
        async with front.connect(server.url) as client:
            session = await client.create_session()
            server.fail("POST /chat", *[faults.status(404)] * 3)
            with pytest.raises(NotFoundError):
                await session.ask("Hi")
            with pytest.raises(NotFoundError):
                await session.ask("Hi")
    assert len(server.sessions) == 2


async def test_a_session_of_somebody_else_is_replaced_after_a_new_token(front: Front) -> None:
    """Protocol fact: a session that is not one's own is answered with 401."""
    with StandIn(unknown_session=401) as server:
        async with front.connect(server.url) as client:
            session = await client.create_session()
            server.sessions.clear()
            assert (await session.ask("Hi")).text == "Hello."
    assert len(server.asked("GET /auth")) == 2


@pytest.mark.parametrize("status", [401, 404])
async def test_a_named_session_is_never_replaced(front: Front, status: int) -> None:
    """Promise: a session that the user named is never silently replaced."""
    with StandIn(unknown_session=status) as server:
        async with front.connect(server.url) as client:
            with pytest.raises((NotFoundError, AuthenticationError), match="because you named it") as caught:
                await client.session("mine").ask("Hi")
    assert caught.value.status == status
    assert caught.value.session_id == "mine"
    assert server.sessions == []


@pytest.mark.parametrize("make", ["made", "named"])
async def test_a_token_is_not_renewed_for_a_session_that_cannot_be_used(front: Front, make: str) -> None:
    """Promise: errors, NotFoundError for a session that is not there: its caller is signed in."""
    with StandIn(announced=True, unknown_session=401) as server:
        async with front.connect(server.url) as client:
            await client.sign_in()
            if make == "made":
                session = await client.create_session()
                server.sessions.clear()
                assert (await session.ask("Hi")).text == "Hello."
            else:
                with pytest.raises(NotFoundError, match="because you named it") as caught:
                    await client.session("mine").ask("Hi")
                assert (caught.value.status, caught.value.session_id) == (401, "mine")
    assert len(server.asked("GET /auth")) == 1


@pytest.mark.parametrize("make", ["made", "named"])
async def test_other_refusals_leave_the_session_alone(front: Front, original: StandIn, make: str) -> None:
    """Promise: errors, one class a status."""
    original.fail("POST /chat", faults.status(400, "malformed"))
    async with front.connect(original.url) as client:
        session = await client.create_session() if make == "made" else client.session("mine")
        with pytest.raises(Exception, match=r"HTTP 400: .*malformed"):
            await session.ask("Hi")
    assert len(original.sessions) == (1 if make == "made" else 0)


async def test_nothing_private_is_logged(front: Front, announcing: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: SECURITY, never a token, prompt or key in a log."""
    caplog.set_level(logging.DEBUG, "robocoders")
    announcing.fail("POST /chat", faults.status(401), faults.status(404), faults.status(500), faults.no_answer())
    async with front.connect(announcing.url) as client:
        session = await client.create_session()
        await session.ask("A very private prompt")
    assert "replaced" in caplog.text
    assert "Trying" in caplog.text
    for secret in ("very private", *announcing.tokens, *(run.key or "" for run in announcing.runs)):
        assert secret not in caplog.text
