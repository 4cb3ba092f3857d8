from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.compat import old_scripts
from tests.compat.clients import G4F_VERSIONS, Client, g4f
from tests.compat.hosting import HostedServer, LocalServer, RepositorySession, serving
from tests.compat.installing import Installations

pytestmark = [
    pytest.mark.needs_openssl,
    pytest.mark.needs_registry,
    pytest.mark.unmeasured,
    pytest.mark.parametrize("version", G4F_VERSIONS),
]

GREETING = "Hello, how are you?"
GREETED = "I am a robocoders agent"


@pytest.fixture
def client(version: str, installations: Installations, tmp_path: Path) -> Client:
    """The provider with an empty cache."""
    return g4f(version, installations, tmp_path)


def _ask(client: Client, server: HostedServer, prompt: str = GREETING) -> str:
    """Run the script to its end, and return all that it printed."""
    ended = server.run([*client.command, prompt], cwd=client.folder, variables=client.variables)
    return ended.stdout + ended.stderr


def test_an_unasked_continue_starts_no_run(client: Client, repository_session: RepositorySession) -> None:
    """Protocol fact: the client posts `continue` after every turn. Promise: after a finished one it starts no run."""
    server, token, sid = repository_session.server, repository_session.token, repository_session.sid
    before = repository_session.requests("POST /chat")
    _ask(client.remember(token, sid), server, "Where is the credential cache written?")
    assert repository_session.requests("POST /chat") - before == 2
    session = server.session(token, sid)
    assert (session["turns"], session["state"]) == (2, "idle")
    events = server.events(token, sid)
    kinds = [event.get("action") or event["observation"] for event in events]
    assert kinds.count("recall") >= 1
    run, extra = events[:-1], events[-1]
    assert [event.get("action") for event in run].count("message") == 1
    assert (run[-1]["action"], extra["action"]) == ("message", "message")
    assert [event["args"]["extras"]["reason"] for event in (run[-1], extra)] == ["finished"] * 2
    assert run[-1]["args"]["extras"]["usage"]["requests"] >= 1
    assert not any(extra["args"]["extras"].get("usage", {}).values())


def test_a_cached_token_and_session_serve_the_next_run(client: Client, server: HostedServer) -> None:
    """Protocol fact: the client keeps its token and its session in a file and signs in no second time."""
    assert GREETED in _ask(client, server)
    kept = client.cached()
    assert GREETED in _ask(client, server)
    assert client.cached() == kept
    assert server.session(kept["access_token"], kept["sid"])["turns"] == 4


def test_a_cached_session_serves_a_restarted_server(client: Client, authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md, what to expect: tokens and sessions outlive the server's process."""
    for turns in (2, 4):
        with serving(authority, tmp_path / "server") as server:
            assert GREETED in _ask(client, server)
            kept = client.cached()
            assert server.session(kept["access_token"], kept["sid"])["turns"] == turns


def test_a_cache_of_a_server_whose_data_is_gone_is_renewed(
    client: Client, server: HostedServer, authority: Path, tmp_path: Path
) -> None:
    """Promise: docs/old-scripts.md, what to expect: one "Unauthorized", then the next run answers."""
    assert GREETED in _ask(client, server)
    stale = client.cached()
    with serving(authority, tmp_path / "empty") as wiped:
        assert "Unauthorized: Invalid token, please retry." in _ask(client, wiped)
        assert GREETED in _ask(client, wiped)
    assert client.cached()["access_token"] != stale["access_token"]
    assert client.cached()["sid"] != stale["sid"]


def test_a_session_that_nobody_has_is_made(client: Client, server: HostedServer) -> None:
    """Protocol fact: any status but 200 and 401 would lock the client out until its cache is deleted by hand."""
    sid = str(uuid.uuid4())
    assert GREETED in _ask(client.remember(server.token(), sid), server)
    assert client.cached()["sid"] == sid
    assert server.session(client.cached()["access_token"], sid)["turns"] == 2


def test_a_deleted_session_is_replaced(client: Client, server: HostedServer) -> None:
    """Promise: docs/old-scripts.md, what to expect: one "Unauthorized", then the next run answers."""
    _ask(client, server)
    kept = client.cached()
    assert server.request("DELETE", f"/sessions/{kept['sid']}", token=kept["access_token"])[0] == 200
    assert "Unauthorized: Invalid token, please retry." in _ask(client, server)
    assert GREETED in _ask(client, server)
    assert client.cached()["sid"] != kept["sid"]


def test_a_run_without_a_token_page_leaves_nothing_behind(
    client: Client, local_server: LocalServer, server: HostedServer
) -> None:
    """Protocol fact: without a token the client sends `Bearer None`; 401 keeps its cache clean for the next run."""
    assert "Unauthorized: Invalid token during session creation." in _ask(client, local_server.hosted)
    assert client.cache is not None
    assert not client.cache.exists()
    assert GREETED in _ask(client, server)


@pytest.mark.parametrize("script", [old_scripts.G4F_CLIENT, old_scripts.G4F_BLOCKING], ids=["client", "blocking"])
def test_the_other_doors_of_the_package_work_too(
    script: str, version: str, installations: Installations, server: HostedServer, tmp_path: Path
) -> None:
    """Promise: docs/old-scripts.md, what to expect: its `Client`, and its blocking generator with a history."""
    client = g4f(version, installations, tmp_path, script)
    printed = _ask(client, server)
    kept = client.cached()
    assert server.events(kept["access_token"], kept["sid"])[0]["message"] in printed
