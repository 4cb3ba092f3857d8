from __future__ import annotations

import json

import pytest

from tests.support.service import BOUND_SECONDS, RunningService, running_service


def test_the_log_can_be_read_from_any_event_on(service: RunningService, token: str) -> None:
    """Promise: README, events (everything after the last id seen, no gap and no repeat, byte for byte)."""
    sid = service.session(token)
    sent = b"".join(service.chat(token, sid, prompt, query="?events=all").body for prompt in ("one", "two"))
    lines = sent.splitlines(keepends=True)
    for query, expected in (("", lines), ("?after=0", lines), ("?after=4", lines[4:]), ("?after=99", [])):
        answer = service.send("GET", f"/sessions/{sid}/events{query}", token=token)
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.body == b"".join(expected)


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={2**63}", "follow=perhaps"])
def test_what_is_no_place_in_the_log_is_422(service: RunningService, token: str, query: str) -> None:
    """Promise: README, events (a negative id is refused)."""
    answer = service.send("GET", f"/sessions/{service.session(token)}/events?{query}", token=token)
    assert answer.status == 422
    assert answer.json["detail"][0]["loc"] == ["query", query.partition("=")[0]]


def test_followers_get_what_comes_as_it_comes(service: RunningService, token: str) -> None:
    """Promise: README, events (`follow` goes on with what comes; any number may read)."""
    sid = service.session(token)
    path = f"/sessions/{sid}/events?follow=true"
    with service.stream("GET", path, token=token) as one, service.stream("GET", path, token=token) as two:
        service.chat(token, sid, "hello")
        for reader in (one, two):
            assert [json.loads(reader.readline())["id"] for _ in range(3)] == [1, 2, 3]


def test_server_sent_events_carry_ids_and_resume(service: RunningService, token: str) -> None:
    """Promise: README, events (server-sent events with `id:`; `Last-Event-ID` counts before `after`)."""
    sid = service.session(token)
    service.chat(token, sid, "hello")
    accept = {"Accept": "text/event-stream"}
    whole = service.send("GET", f"/sessions/{sid}/events", token=token, headers=accept)
    assert whole.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = whole.body.decode().split("\n\n")
    assert [frame.split("\n")[0] for frame in frames[:-1]] == ["id: 1", "id: 2", "id: 3"]
    assert json.loads(frames[2].split("\ndata: ")[1])["message"] == "You said: hello"
    for last, expected in (("2", b"id: 3"), ("", b"id: 2")):
        rest = service.send(
            "GET", f"/sessions/{sid}/events?after=1", token=token, headers={**accept, "Last-Event-ID": last}
        )
        assert rest.body.startswith(expected)
    for bad in ("x", "-1", str(2**63)):
        answer = service.send("GET", f"/sessions/{sid}/events", token=token, headers={**accept, "Last-Event-ID": bad})
        assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["header", "Last-Event-ID"])


@pytest.mark.parametrize(("accept", "beat"), [("*/*", b"\n"), ("text/event-stream", b": heartbeat\n")])
def test_a_silent_follower_hears_a_heartbeat(
    tmp_path_factory: pytest.TempPathFactory, accept: str, beat: bytes
) -> None:
    """Promise: README, events (never silent for long; blank lines and comments are skipped by readers)."""
    with running_service(tmp_path_factory.mktemp("data"), heartbeat_seconds=0.05) as service:
        token = service.token()
        path = f"/sessions/{service.session(token)}/events?follow=true"
        with service.stream("GET", path, token=token, headers={"Accept": accept}) as response:
            assert response.readline() == beat


def test_followers_end_when_the_server_stops(service: RunningService, token: str) -> None:
    """Promise: README, stop (all streams just end: a turn that runs goes on at the next start)."""
    sid = service.session(token)
    with (
        service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as response,
        service.stream("GET", f"/sessions/{sid}/events?follow=true", token=token) as follower,
        service.stream("GET", f"/sessions/{service.session(token)}/events?follow=true", token=token) as silent,
    ):
        assert service.turns.held.wait(BOUND_SECONDS)
        service.stop_switch.press()
        said = [line for line in response if line.strip()]
        assert [json.loads(line)["message"] for line in said] == ["holding"]
        assert [line for line in follower if line.strip()] == said
        assert silent.read().strip() == b""
    service.thread.join(BOUND_SECONDS)
    assert not service.thread.is_alive()
