from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from robocoders.client.discovery import read_servers
from tests.support.separate_service import separate_service
from tests.support.service import BOUND_SECONDS, RunningService, Turns, running_service

KEY = {"Idempotency-Key": "k"}


def events_of(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """The events among lines, heartbeats left out."""
    return [json.loads(line) for line in lines if line.strip()]


def rest_by_key(service: RunningService, token: str, sid: str, after: int) -> list[dict[str, Any]]:
    """What the reader lacks, by the prompt's own key."""
    body = {"sid": sid, "prompt": "hold"}
    answer = service.send("POST", f"/chat?events=all&after={after}", token=token, body=body, headers=KEY)
    assert answer.status == 200
    return answer.events


def rest_by_id(service: RunningService, token: str, sid: str, after: int) -> list[dict[str, Any]]:
    """What the reader lacks, by the last id."""
    rest: list[dict[str, Any]] = []
    with service.stream("GET", f"/sessions/{sid}/events?after={after}&follow=true", token=token) as response:
        for line in response:
            if line.strip():
                rest.append(json.loads(line))
            if rest and rest[-1].get("args", {}).get("wait_for_response"):
                break
    return rest


def whole(events: list[dict[str, Any]]) -> bool:
    """Whether it is the whole answer to `hold`: no event lost, none repeated, one end."""
    return [event["id"] for event in events] == [1, 2, 3, 4] and events[-1]["args"]["extras"]["reason"] == "finished"


@pytest.mark.parametrize("rest", [rest_by_key, rest_by_id])
def test_a_turn_goes_on_after_a_stop(tmp_path: Path, rest: Any) -> None:
    """Promise: README, stop (the stream just ends; at the next start the turn goes on, without gap or repeat)."""
    turns = Turns()
    with running_service(tmp_path / "data", turns=turns) as service:
        token = service.token()
        sid = service.session(token)
        with service.stream(
            "POST", "/chat?events=all", token=token, body={"sid": sid, "prompt": "hold"}, headers=KEY
        ) as response:
            assert turns.held.wait(BOUND_SECONDS)
            service.suspend()
            begun = events_of(response)
    assert [event["message"] for event in begun] == ["holding"]
    with running_service(tmp_path / "data", turns=turns, port=service.port) as service:
        assert whole(begun + rest(service, token, sid, begun[-1]["id"]))
        assert whole(service.send("GET", f"/sessions/{sid}/events", token=token).events)
        assert service.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 1


@pytest.mark.parametrize("rest", [rest_by_key, rest_by_id])
def test_a_turn_goes_on_after_a_kill(tmp_path: Path, rest: Any) -> None:
    """Promise: README, faults (kill the server: at its next start the answer goes on, without gap or repeat)."""
    with separate_service(tmp_path / "data", holding=True) as first:
        token = first.client.token()
        sid = first.client.session(token)
        body = {"sid": sid, "prompt": "hold"}
        with first.client.stream("POST", "/chat?events=all", token=token, body=body, headers=KEY) as response:
            begun = events_of([response.readline()])
            first.kill()
    with separate_service(tmp_path / "data", port=first.client.port) as second:
        assert whole(begun + rest(second.client, token, sid, begun[-1]["id"]))
        assert second.client.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 1
        assert [server.pid for server in read_servers()] == [second.process.pid]


def test_a_prompt_that_waited_is_answered_after_the_restart(tmp_path: Path) -> None:
    """Promise: README, faults (an accepted prompt runs, those that waited too, in their order)."""
    turns = Turns()
    with running_service(tmp_path / "data", turns=turns) as service:
        token = service.token()
        sid = service.session(token)
        with (
            service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}),
            service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "next"}),
        ):
            assert turns.held.wait(BOUND_SECONDS)
            service.suspend()
    with running_service(tmp_path / "data", turns=turns) as service:
        body = {"sid": sid, "prompt": "last"}
        assert service.send("POST", "/chat", token=token, body=body).events[-1]["message"] == "You said: last"
        log = service.send("GET", f"/sessions/{sid}/events", token=token).events
    ends = [event["message"] for event in log if event.get("args", {}).get("wait_for_response")]
    assert ends == ["You said: hold", "You said: next", "You said: last"]
    assert [event["id"] for event in log] == list(range(1, len(log) + 1))


def test_live_text_that_a_kill_cut_is_taken_back(tmp_path: Path) -> None:
    """Promise: docs/service.md, live text (a model is asked again after a kill, and what it had said is withdrawn)."""
    with separate_service(tmp_path / "data", holding=True) as first:
        token = first.client.token()
        body = {"sid": first.client.session(token), "prompt": "speak"}
        with first.client.stream("POST", "/chat?deltas=true", token=token, body=body, headers=KEY) as response:
            shown = json.loads(response.readline())["text"]
            first.kill()
    with separate_service(tmp_path / "data", port=first.client.port, holding=True) as second:
        path = f"/chat?deltas=true&offset={len(shown)}"
        with second.client.stream("POST", path, token=token, body=body, headers=KEY) as response:
            lines = [json.loads(line) for line in (response.readline(), response.readline())]
    assert lines == [{"delta_of": 1, "reset": True}, {"delta_of": 1, "offset": 0, "text": shown}]
