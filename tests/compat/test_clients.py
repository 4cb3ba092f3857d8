from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat.clients import AXIOS_VERSIONS, OLD_CLIENTS, Client, SetUp, axios
from tests.compat.hosting import HostedServer, RepositorySession
from tests.compat.installing import Installations

pytestmark = [pytest.mark.needs_openssl, pytest.mark.unmeasured]

GREETING = "Hello, how are you?"
QUESTION = "Where is the credential cache written?"


def _run(client: Client, server: HostedServer, *prompts: str) -> subprocess.CompletedProcess[str]:
    ended = server.run([*client.command, *prompts], cwd=client.folder, variables=client.variables)
    assert ended.returncode == 0, ended.stderr
    return ended


def _closing(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that end turns."""
    return [event for event in events if event.get("action") == "message" and event["args"]["wait_for_response"]]


@pytest.mark.parametrize("set_up", OLD_CLIENTS)
def test_an_old_client_signs_in_and_gets_its_answers(
    set_up: SetUp, installations: Installations, server: HostedServer, tmp_path: Path
) -> None:
    """Promise: docs/old-scripts.md, what to expect: token page, session, two prompts, both answers shown."""
    client = set_up(installations, tmp_path)
    token = server.token()
    before = {session["sid"] for session in server.sessions(token)}
    ended = _run(client, server, GREETING, "Write a poem")
    (session,) = [session for session in server.sessions(token) if session["sid"] not in before]
    closing = _closing(server.events(token, session["sid"]))
    answers = closing[::2] if client.continues else closing
    assert [event["args"]["extras"]["reason"] for event in answers] == ["finished", "needs_model"]
    assert session["turns"] == len(closing) == (4 if client.continues else 2)
    assert all(client.shows(event["message"], ended.stdout) for event in closing)


@pytest.mark.parametrize("set_up", OLD_CLIENTS)
def test_every_action_of_a_long_answer_is_shown(
    set_up: SetUp, installations: Installations, repository_session: RepositorySession, tmp_path: Path
) -> None:
    """Promise: docs/old-scripts.md, what to expect: a body of several lines, for a session and a token from earlier."""
    server, token, sid = repository_session.server, repository_session.token, repository_session.sid
    client = set_up(installations, tmp_path).remember(token, sid)
    ended = _run(client, server, QUESTION)
    actions = [event for event in server.events(token, sid) if "action" in event]
    assert [event["action"] for event in actions][:2] == ["recall", "message"]
    assert "cache.py:1" in actions[1]["message"]
    assert all(client.shows(event["message"], ended.stdout) for event in actions)


@pytest.mark.needs_registry
@pytest.mark.needs_node
@pytest.mark.parametrize("version", AXIOS_VERSIONS)
def test_axios_gets_an_object_for_one_line_and_text_for_several(
    version: str, installations: Installations, repository_session: RepositorySession, tmp_path: Path
) -> None:
    """Protocol fact: a turn of one event is a body of one JSON object; clients that read it whole count on that."""
    client = axios(version, installations, tmp_path)
    client = client.remember(repository_session.token, repository_session.sid)
    ended = _run(client, repository_session.server, GREETING, QUESTION)
    said = [line for line in ended.stdout.splitlines() if line.startswith("body: ")]
    assert said == ["body: object", "body: string"]


@pytest.mark.needs_curl
@pytest.mark.parametrize("bearer", ["None", "", "not.a.token"])
def test_a_bearer_that_is_no_token_is_unauthorized(bearer: str, server: HostedServer, tmp_path: Path) -> None:
    """Protocol fact: one client sends the literal `Bearer None`; 401 is what makes old clients begin anew."""
    for path, body in (("create-session", None), ("chat", {"sid": "x", "prompt": GREETING})):
        command = ["curl", "-sS", "-o", "answer", "-w", "%{http_code}", "-H", f"Authorization: Bearer {bearer}"]
        command += [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        ended = server.run([*command, f"https://api.robocoders.ai/{path}"], cwd=tmp_path)
        assert ended.stdout == "401", ended.stderr
