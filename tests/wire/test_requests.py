"""Requests as method, path, headers and body."""

from __future__ import annotations

import base64
import json

import pytest

from robocoders.wire import requests
from robocoders.wire.requests import Request

TOKEN = "header.payload.signature"
SID = "0b2c6f0e-6f9f-4b3c-8a55-3a3f5f0d7f11"


def test_the_login_page_is_asked_for_as_a_page() -> None:
    """Promise: headers are honest: `Accept: text/html` for the page."""
    request = requests.sign_in()

    assert (request.method, request.path, request.body) == ("GET", "/auth", None)
    assert dict(request.headers) == {"Accept": "text/html"}


def test_a_sign_in_key_travels_as_basic_password() -> None:
    """Promise: `/auth` of a local server takes the sign-in key by HTTP Basic."""
    request = requests.sign_in("key")

    scheme, _, pair = dict(request.headers)["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"robocoders:key")
    assert "key" in request.secrets


def test_a_session_is_asked_for_with_the_token() -> None:
    """Protocol fact: GET /create-session with `Authorization: Bearer`."""
    request = requests.create_session(TOKEN)

    assert (request.method, request.path) == ("GET", "/create-session")
    assert dict(request.headers) == {"Authorization": f"Bearer {TOKEN}"}


def test_a_prompt_is_sent_as_the_original_takes_it() -> None:
    """Protocol fact: POST /chat with sid, prompt and agent."""
    request = requests.chat(TOKEN, SID, "Где?", "RepoAgent", all_events=False)

    assert (request.method, request.path, request.safe) == ("POST", "/chat", False)
    assert json.loads(request.body or b"") == {"sid": SID, "prompt": "Где?", "agent": "RepoAgent"}
    assert dict(request.headers) == {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def test_what_is_ours_is_added_where_old_servers_ignore_it() -> None:
    """Promise: `?events=all`, `history` and the key are ignored by old servers."""
    request = requests.chat(
        TOKEN, SID, "p", "RepoAgent", key="k", deltas=True, history_in_prompt=True, if_busy_refuse=True
    )

    assert request.path == "/chat?events=all&deltas=true&if_busy=refuse"
    assert dict(request.headers)["Idempotency-Key"] == "k"
    assert json.loads(request.body or b"")["history"] == "in_prompt"


def test_an_answer_is_taken_up_where_it_was() -> None:
    """Promise: live text, a reader resumes at `after=ID&offset=N`, with the same key."""
    chat = requests.chat(TOKEN, SID, "p", "RepoAgent", key="k", deltas=True, after=7, offset=12)
    log = requests.session_events(TOKEN, SID, after=7, follow=True, deltas=True, offset=12)

    assert chat.path == "/chat?events=all&deltas=true&after=7&offset=12"
    assert log.path == f"/sessions/{SID}/events?after=7&follow=true&deltas=true&offset=12"
    assert requests.session_events(TOKEN, SID, deltas=True).path.endswith("after=0&follow=false&deltas=true")


@pytest.mark.parametrize("key", [None, "k"])
def test_whatever_changes_something_may_carry_a_key(key: str | None) -> None:
    """Promise: `Idempotency-Key` on every route that changes something."""
    made = [
        requests.chat(TOKEN, SID, "p", "RepoAgent", key=key),
        requests.create_session(TOKEN, key=key),
        requests.new_session(TOKEN, key=key),
        requests.cancel(TOKEN, SID, key=key),
        requests.delete_session(TOKEN, SID, key=key),
        requests.session_code(TOKEN, SID, "octocat", key=key),
    ]

    assert [dict(request.headers).get("Idempotency-Key") for request in made] == [key] * 6
    assert {request.is_keyed for request in made} == {key is not None}
    # A session too many costs nothing, and what is deleted is deleted; the others do something each time.
    assert [request.safe for request in made] == [False, True, False, False, True, False]


def test_no_request_shows_a_secret() -> None:
    """Promise: never a token, prompt or key in any repr."""
    shown = repr(requests.chat(TOKEN, SID, "my prompt", "RepoAgent")) + repr(requests.sign_in("my key"))

    assert TOKEN not in shown
    assert "my prompt" not in shown
    assert "my key" not in shown


def test_our_own_routes_are_named() -> None:
    """Promise: the added routes of the service."""
    made: list[Request] = [
        requests.sign_out(TOKEN),
        requests.list_sessions(TOKEN),
        requests.show_session(TOKEN, SID),
        requests.delete_session(TOKEN, SID),
        requests.session_events(TOKEN, SID, after=3, follow=True),
        requests.session_events(TOKEN, "../x"),
        requests.cancel(TOKEN, SID),
        requests.session_code(TOKEN, SID, "octocat"),
        requests.new_session(TOKEN, workspace="/home/user/project", network=True, key="k"),
        requests.change_session(TOKEN, "a/b", {"iterations": 3}),
    ]

    assert [(request.method, request.path) for request in made] == [
        ("DELETE", "/auth"),
        ("GET", "/sessions"),
        ("GET", f"/sessions/{SID}"),
        ("DELETE", f"/sessions/{SID}"),
        ("GET", f"/sessions/{SID}/events?after=3&follow=true"),
        ("GET", "/sessions/..%2Fx/events?after=0&follow=false"),
        ("POST", f"/sessions/{SID}/cancel"),
        ("POST", "/get-session-code"),
        ("POST", "/sessions"),
        ("PATCH", "/sessions/a%2Fb"),
    ]
    assert json.loads(made[-2].body or b"") == {"workspace": "/home/user/project", "network": True}
    assert dict(made[-2].headers)["Idempotency-Key"] == "k"
    assert json.loads(made[-1].body or b"") == {"limits": {"iterations": 3}}
    assert json.loads(made[-3].body or b"") == {"sid": SID, "github_username": "octocat"}
    assert requests.new_session(TOKEN).headers[-1] == ("Content-Type", "application/json")
