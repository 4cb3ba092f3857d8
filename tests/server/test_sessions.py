from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import BOUND_SECONDS, RunningService, running_service


def test_a_session_is_made_shown_and_listed(service: RunningService, token: str) -> None:
    """Promise: /docs, sessions."""
    made = service.send("POST", "/sessions", token=token, body={"model": "offline", "limits": {"iterations": 3}})
    assert made.status == 200
    view = made.json
    assert view["workspace"] == {"kind": "private", "path": None}
    assert (view["model"], view["limits"]) == ("offline", {"iterations": 3})
    assert (view["turns"], view["last_event_id"], view["state"], view["last_prompt_at"]) == (0, 0, "idle", None)
    service.chat(token, view["sid"], "hello")
    shown = service.send("GET", f"/sessions/{view['sid']}", token=token).json
    assert (shown["turns"], shown["last_event_id"], shown["state"]) == (1, 3, "idle")
    assert shown["last_prompt_at"] > shown["created_at"]
    assert service.send("GET", "/sessions", token=token).json == {"sessions": [shown], "next": None}


@pytest.mark.parametrize("body", [None, b"", b"  ", {}, {"workspace": None, "network": False, "limits": {}, "x": 1}])
def test_a_session_needs_no_wishes(service: RunningService, token: str, body: Any) -> None:
    """Promise: /docs, POST /sessions (every field may be left out, unknown ones are ignored)."""
    assert service.send("POST", "/sessions", token=token, body=body).json["workspace"]["kind"] == "private"


@pytest.mark.parametrize(
    "body", [{"model": ""}, {"model": 1}, {"workspace": 5}, {"limits": []}, {"limits": {"iterations": 0}}, [1]]
)
def test_wishes_of_the_wrong_kind_are_422(service: RunningService, token: str, body: Any) -> None:
    """Promise: README, errors."""
    assert service.send("POST", "/sessions", token=token, body=body).status == 422


def test_limits_that_nothing_would_keep_to_are_refused_by_name(service: RunningService, token: str) -> None:
    """Promise: docs/service.md, limits (nobody is left to believe in a ceiling that nothing keeps to)."""
    body = {"limits": {"budget": 0.01, "iterations": 2, "seconds": 5, "money_usd": -1, "ceiling_tokens": 1.5}}
    refused = service.send("POST", "/sessions", token=token, body=body)
    assert refused.status == 422
    assert [(item["loc"], item["type"]) for item in refused.json["detail"]] == [
        (["body", "limits", "money_usd"], "greater_than"),
        (["body", "limits", "ceiling_tokens"], "int_type"),
        (["body", "limits", "budget"], "extra_forbidden"),
        (["body", "limits", "seconds"], "extra_forbidden"),
    ]
    assert service.send("GET", "/sessions", token=token).json["sessions"] == []


def test_every_limit_is_kept_and_shown(service: RunningService, token: str) -> None:
    """Promise: docs/service.md, limits (allowances and ceilings; what was used up is shown with them)."""
    limits = {
        "iterations": 3,
        "money_usd": 0.5,
        "ceiling_money_usd": 2,
        "ceiling_tokens": 10_000,
        "ceiling_seconds": 60,
    }
    view = service.send("POST", "/sessions", token=token, body={"limits": limits}).json
    assert view["limits"] == limits
    assert view["spent"] == {"money_usd": 0, "tokens": 0, "seconds": 0}
    service.chat(token, view["sid"], "hello")
    turn = service.turns.seen[0]
    assert turn.request_limit == 3
    assert service.send("GET", f"/sessions/{view['sid']}", token=token).json["spent"]["tokens"] == 0


def test_a_ceiling_is_lifted_by_an_explicit_call(service: RunningService, token: str) -> None:
    """Promise: docs/service.md, limits (a ceiling that is reached ends prompts until `PATCH` gives other limits)."""
    sid = service.send("POST", "/sessions", token=token, body={"limits": {"ceiling_seconds": 0}}).json["sid"]
    ended = service.chat(token, sid, "continue", Idempotency_Key="first").events
    assert [event["args"]["extras"]["reason"] for event in ended] == ["exhausted"]
    changed = service.send("PATCH", f"/sessions/{sid}", token=token, body={"limits": {"iterations": 4}})
    assert (changed.status, changed.json["limits"]) == (200, {"iterations": 4})
    assert service.chat(token, sid, "hello").events[-1]["message"] == "You said: hello"
    refused = service.send("PATCH", f"/sessions/{sid}", token=token, body={"limits": {"budget": 1}})
    assert (refused.status, refused.json["detail"][0]["type"]) == (422, "extra_forbidden")
    theirs = service.send("PATCH", f"/sessions/{sid}", token=service.token("/auth?sub=anna"), body={"limits": {}})
    assert theirs.status == 404


def test_the_network_is_off_unless_the_owner_asks_for_it(tmp_path: Path) -> None:
    """Promise: SECURITY, commands (the network is on in a session whose maker wanted it and may want it)."""
    with running_service(tmp_path / "a", accept_tokens=("static-token",)) as service:
        token = service.token()
        assert service.send("POST", "/sessions", token=token).json["network"] is False
        assert service.send("POST", "/sessions", token=token, body={"network": True}).json["network"] is True
        for other in (service.token("/auth?sub=anna"), "static-token"):
            answer = service.send("POST", "/sessions", token=other, body={"network": True})
            assert (answer.status, answer.json["code"]) == (403, "network_not_allowed")
            assert service.send("POST", "/sessions", token=other, body={"network": False}).status == 200
    with running_service(tmp_path / "b", auth="open") as service:
        answer = service.send("POST", "/sessions", token=service.token(), body={"network": True})
        assert (answer.status, answer.json["code"]) == (403, "network_not_allowed")


def test_a_server_that_was_started_with_the_network_gives_it_to_new_sessions(tmp_path: Path) -> None:
    """Promise: docs/command.md, serve --network (whoever starts it so lets everybody's commands reach the network)."""
    with running_service(tmp_path / "data", network=True) as service:
        token = service.token("/auth?sub=anna")
        assert service.send("POST", "/sessions", token=token).json["network"] is True
        assert service.send("POST", "/sessions", token=token, body={"network": False}).json["network"] is False
        made_by_asking = str(uuid.uuid4())
        service.chat(token, made_by_asking, "hello")
        for sid in (service.session(token), made_by_asking):
            assert service.send("GET", f"/sessions/{sid}", token=token).json["network"] is True


def test_sessions_are_listed_newest_first_in_pages(service: RunningService, token: str) -> None:
    """Promise: /docs, GET /sessions (`next` reads on)."""
    made = [service.session(token) for _ in range(5)]
    listed: list[str] = []
    before = ""
    while True:
        page = service.send("GET", f"/sessions?limit=2{before}", token=token).json
        listed += [session["sid"] for session in page["sessions"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert listed == made[::-1]
    for query in ("limit=0", "limit=1001", "limit=x", "before=-1", f"before={2**63}"):
        assert service.send("GET", f"/sessions?{query}", token=token).status == 422


def test_a_key_makes_one_session(service: RunningService, token: str) -> None:
    """Promise: /docs, POST /sessions (a request sent twice with one key makes one session; other wishes are 422)."""
    headers = {"Idempotency-Key": "k"}
    first = service.send("POST", "/sessions", token=token, headers=headers)
    assert service.send("POST", "/sessions", token=token, body={}, headers=headers).json == first.json
    assert uuid.UUID(first.json["sid"]).version == 4
    reused = service.send("POST", "/sessions", token=token, body={"model": "other"}, headers=headers)
    assert (reused.status, reused.json["detail"][0]["type"]) == (422, "idempotency_key_reused")
    other = service.send("POST", "/sessions", token=service.token("/auth?sub=anna"), headers=headers)
    assert other.json["sid"] != first.json["sid"]


def test_foreign_deleted_and_unknown_sessions_are_404(service: RunningService, token: str) -> None:
    """Promise: SECURITY, sessions (the answer does not tell which it is)."""
    theirs, gone = service.session(service.token("/auth?sub=anna")), service.session(token)
    assert service.send("DELETE", f"/sessions/{gone}", token=token).json == {"sid": gone, "deleted": True}
    texts: set[str] = set()
    for sid in (theirs, gone, str(uuid.uuid4()), "x", "%00"):
        for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/cancel")):
            answer = service.send(method, f"/sessions/{sid}{tail}", token=token)
            assert (answer.status, answer.json["code"]) == (404, "session_not_found")
            texts.add(answer.json["detail"])
    assert len(texts) == 1


def test_cancel_ends_what_runs_and_what_waits(service: RunningService, token: str) -> None:
    """Promise: README, cancel (running and waiting prompts end with the reason `cancelled`)."""
    sid = service.session(token)
    assert service.send("POST", f"/sessions/{sid}/cancel", token=token).json == {"sid": sid, "cancelled": False}
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as response:
        assert service.turns.held.wait(BOUND_SECONDS)
        assert service.send("POST", f"/sessions/{sid}/cancel", token=token).json == {"sid": sid, "cancelled": True}
        assert b'"reason": "cancelled"' in response.read().splitlines()[-1]


def test_a_session_is_shown_as_the_list_shows_it(service: RunningService, token: str) -> None:
    """Promise: /docs, sessions (running one prompt while another waits is `running`, wherever it is shown)."""
    sid = service.session(token)
    path = f"/sessions/{sid}"
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}):
        assert service.turns.held.wait(BOUND_SECONDS)
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "next"}):
            shown = service.send("GET", path, token=token).json
            assert (shown["state"], shown["turns"]) == ("running", 2)
            assert service.send("GET", "/sessions", token=token).json["sessions"] == [shown]


def test_deleting_a_busy_session_ends_its_streams(service: RunningService, token: str) -> None:
    """Promise: README, delete (what runs is cancelled, followers are let go)."""
    sid = service.session(token)
    with (
        service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as response,
        service.stream("GET", f"/sessions/{sid}/events?follow=true", token=token) as follower,
    ):
        assert service.turns.held.wait(BOUND_SECONDS)
        assert service.send("DELETE", f"/sessions/{sid}", token=token).status == 200
        response.read()
        follower.read()


def test_a_workspace_is_a_directory_of_the_owner(service: RunningService, token: str, tmp_path: Path) -> None:
    """Promise: README, --workspace (the directory itself is the session's workspace)."""
    place = tmp_path / "project"
    place.mkdir()
    (tmp_path / "link").symlink_to(place)
    view = service.send("POST", "/sessions", token=token, body={"workspace": str(tmp_path / "link")}).json
    assert view["workspace"] == {"kind": "directory", "path": str(place.resolve())}
    service.chat(token, view["sid"], "hello")
    workspace = service.turns.seen[0].workspace
    assert workspace is not None
    above = service.send("POST", "/sessions", token=token, body={"workspace": str(tmp_path)})
    assert above.status == 200


def test_a_workspace_that_cannot_be_used_is_422_with_a_reason(
    service: RunningService, token: str, tmp_path: Path
) -> None:
    """Promise: README, --workspace (missing, unreadable, relative: a clear text)."""
    file = tmp_path / "file"
    file.touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    cases = [
        (str(tmp_path / "missing"), "workspace_missing"),
        ("relative/path", "workspace_not_absolute"),
        ("~", "workspace_not_absolute"),
        (f"{tmp_path}\0", "workspace_not_absolute"),
        (str(file), "workspace_no_directory"),
        (str(file / "below"), "workspace_unreadable"),
        (str(loop), "workspace_unreadable"),
        (str(service.settings.data_dir), "workspace_forbidden"),
        (str(service.settings.data_dir / "index" / ".."), "workspace_missing"),
    ]
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0)
        cases.append((str(closed), "workspace_unreadable"))
    for given, kind in cases:
        answer = service.send("POST", "/sessions", token=token, body={"workspace": given})
        assert answer.status == 422, given
        assert answer.json["detail"][0]["loc"] == ["body", "workspace"]
        assert answer.json["detail"][0]["type"] == kind, given


def test_a_workspace_is_for_the_owner_in_local_mode_alone(tmp_path: Path) -> None:
    """Promise: SECURITY, workspaces (a directory of the machine is named by its owner alone)."""
    body = {"workspace": str(tmp_path)}
    with running_service(tmp_path / "a", accept_tokens=("static-token",)) as service:
        for token in (service.token("/auth?sub=anna"), "static-token"):
            answer = service.send("POST", "/sessions", token=token, body=body)
            assert (answer.status, answer.json["code"]) == (403, "workspace_not_allowed")
    with running_service(tmp_path / "b", auth="open") as service:
        answer = service.send("POST", "/sessions", token=service.token(), body=body)
        assert (answer.status, answer.json["code"]) == (403, "workspace_not_allowed")
