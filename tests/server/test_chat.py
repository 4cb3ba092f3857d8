from __future__ import annotations

import json
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robocoders.wire.protocol import AGENT_NAMES, PLAIN_LINE_LIMIT_BYTES
from tests.support.service import BOUND_SECONDS, RunningService, running_service


def lines_of(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response if line.strip()]


def test_a_turn_is_actions_that_end_with_a_waiting_message(service: RunningService, token: str) -> None:
    """Protocol fact: objects one a line, actions only, key order, `sid` last, a waiting message at the end."""
    sid = service.session(token)
    answer = service.chat(token, sid, "hello")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.body.endswith(b"}\n")
    assert [list(event) for event in answer.events] == [
        ["id", "timestamp", "source", "message", "action", "args", "sid"]
    ] * 2
    assert [event["action"] for event in answer.events] == ["recall", "message"]
    last = answer.events[-1]
    assert (last["sid"], last["args"]["wait_for_response"]) == (sid, True)
    assert last["args"]["extras"]["reason"] == "finished"


def test_all_events_are_sent_to_those_who_ask(service: RunningService, token: str) -> None:
    """Promise: README, /chat?events=all (observations too, ids without a gap)."""
    events = service.chat(token, service.session(token), "hello", query="?events=all").events
    assert [event.get("action") or event["observation"] for event in events] == ["recall", "recall", "message"]
    assert [event["id"] for event in events] == [1, 2, 3]
    assert events[1]["cause"] == 1


def test_lines_of_the_plain_stream_are_short_enough_for_old_clients(service: RunningService, token: str) -> None:
    """Protocol fact: old clients break on long lines; the whole event is in the log and on events=all."""
    sid = service.session(token)
    plain = service.chat(token, sid, "long")
    assert max(len(line) for line in plain.body.splitlines(keepends=True)) <= PLAIN_LINE_LIMIT_BYTES
    whole = service.chat(token, sid, "long", query="?events=all").events
    assert whole[-1]["args"]["content"] == "You said: " + "x" * 200_000
    logged = service.send("GET", f"/sessions/{sid}/events", token=token).events
    assert logged[2]["args"]["content"] == "You said: " + "x" * 200_000


def test_events_are_flushed_as_they_come_and_a_silent_stream_beats(tmp_path: Path) -> None:
    """Protocol fact: nothing that buffers, and never silent for 30 s; a blank line harms nobody."""
    with running_service(tmp_path / "data", heartbeat_seconds=0.05) as service:
        token = service.token()
        body = {"sid": service.session(token), "prompt": "hold"}
        with service.stream("POST", "/chat", token=token, body=body) as response:
            assert json.loads(next(filter(bytes.strip, response)))["message"] == "holding"
            assert response.readline() == b"\n"
            assert response.readline() == b"\n"
            service.turns.go_on.set()
            assert lines_of(response)[-1]["message"] == "You said: hold"


def test_a_body_is_closed_so_that_the_next_prompt_can_be_sent(service: RunningService, token: str) -> None:
    """Protocol fact: one client posts again before it has read the first body to its end."""
    sid = service.session(token)
    body = {"sid": sid, "prompt": "first", "agent": ""}
    with service.stream("POST", "/chat", token=token, body=body) as response:
        assert service.chat(token, sid, "second").events[-1]["message"] == "You said: second"
        assert lines_of(response)[-1]["message"] == "You said: first"


def test_a_prompt_on_a_busy_session_waits_or_is_refused(service: RunningService, token: str) -> None:
    """Promise: README, busy sessions (the next prompt waits; `if_busy=refuse` is 409 and says not to retry)."""
    sid = service.session(token)
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as first:
        assert service.turns.held.wait(BOUND_SECONDS)
        refused = service.chat(token, sid, "x", query="?if_busy=refuse")
        assert (refused.status, refused.json["code"]) == (409, "session_busy")
        assert refused.headers["x-should-retry"] == "false"
        assert service.send("GET", f"/sessions/{sid}", token=token).json["state"] == "running"
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "next"}) as second:
            service.turns.go_on.set()
            assert lines_of(second)[-1]["message"] == "You said: next"
        assert lines_of(first)[-1]["message"] == "You said: hold"


def test_a_client_that_goes_away_does_not_stop_the_run(service: RunningService, token: str) -> None:
    """Promise: README, long answers (the run goes on; the log has the rest)."""
    sid = service.session(token)
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as response:
        response.readline()
    service.turns.go_on.set()
    with service.stream("GET", f"/sessions/{sid}/events?after=1&follow=true", token=token) as events:
        kinds = [json.loads(next(line for line in events if line.strip())) for _ in range(3)]
    assert kinds[-1]["args"]["extras"]["reason"] == "finished"


def test_one_key_runs_one_turn(service: RunningService, token: str) -> None:
    """Promise: README, Idempotency-Key (replayed byte for byte, attached while it runs, 422 on another body)."""
    sid = service.session(token)
    first = service.chat(token, sid, "hello", Idempotency_Key="a key")
    assert service.chat(token, sid, "hello", Idempotency_Key="a key").body == first.body
    assert len(service.turns.seen) == 1
    for other in ({"prompt": "bye"}, {"agent": "FrontEndAgent"}, {"history": "in_prompt"}):
        body = {"sid": sid, "prompt": "hello", "agent": "RepoAgent", **other}
        reused = service.send("POST", "/chat", token=token, body=body, headers={"Idempotency-Key": "a key"})
        assert reused.status == 422
        assert reused.json["detail"][0]["type"] == "idempotency_key_reused"
    body = {"sid": sid, "prompt": "hold"}
    key = {"Idempotency-Key": "b"}
    with service.stream("POST", "/chat", token=token, body=body, headers=key) as running:
        assert service.turns.held.wait(BOUND_SECONDS)
        with service.stream("POST", "/chat", token=token, body=body, headers=key) as attached:
            service.turns.go_on.set()
            assert attached.read() == running.read()
    assert [turn.prompt for turn in service.turns.seen] == ["hello", "hold"]


@pytest.mark.parametrize(("key", "status"), [("k" * 255, 200), ("k" * 256, 422), ("", 422), ("a\tb", 422), ("é", 422)])
def test_a_key_is_printable_and_not_too_long(service: RunningService, token: str, key: str, status: int) -> None:
    """Promise: README, Idempotency-Key (up to 255 printable characters)."""
    assert service.chat(token, service.session(token), "x", Idempotency_Key=key).status == status


def test_history_in_the_prompt_reaches_the_engine(service: RunningService, token: str) -> None:
    """Promise: a prompt that carries its history starts the model's own history empty."""
    sid = service.session(token)
    service.chat(token, sid, "one")
    for history, known in (("log", 1), ("in_prompt", 0)):
        service.send("POST", "/chat", token=token, body={"sid": sid, "prompt": "two", "history": history})
        assert len(service.turns.seen[-1].history) == known


@pytest.mark.parametrize("agent", [None, "", "absent", *AGENT_NAMES])
def test_the_agent_may_be_left_out(service: RunningService, token: str, agent: str | None) -> None:
    """Protocol fact: `agent` is optional, an empty one is tolerated; unknown fields are ignored."""
    fields: dict[str, Any] = {} if agent == "absent" else {"agent": agent}
    body = {"sid": service.session(token), "prompt": "x", "unknown": {"deep": [1]}, **fields}
    assert service.send("POST", "/chat", token=token, body=body).status == 200
    assert service.turns.seen[-1].agent == (agent if agent in AGENT_NAMES else "GeneralCodingAgent")


def test_an_unknown_sid_is_made_for_the_caller(service: RunningService, token: str) -> None:
    """Protocol fact: a sid the server does not know is made, so that stale caches work; ids have one form."""
    sid = str(uuid.uuid4())
    assert service.chat(token, sid.upper(), "x").events[-1]["sid"] == sid
    assert service.send("GET", f"/sessions/{sid.upper()}", token=token).json["turns"] == 1


def test_a_sid_that_cannot_be_used_is_401(service: RunningService, token: str) -> None:
    """Protocol fact: any other status locks one old client out until its cache is deleted by hand."""
    theirs, gone = service.session(service.token("/auth?sub=anna")), service.session(token)
    service.send("DELETE", f"/sessions/{gone}", token=token)
    for sid in (theirs, gone, "", "not-a-uuid", gone.replace("-", ""), "{" + gone + "}"):
        answer = service.chat(token, sid, "x")
        assert (answer.status, answer.json["code"]) == (401, "session_unusable")


def test_only_the_last_event_is_sent_where_that_is_wanted(tmp_path: Path) -> None:
    """Protocol fact: some clients read a body as one object; an option gives them exactly one event a turn."""
    with running_service(tmp_path / "data", one_event_per_turn=True) as service:
        token = service.token()
        sid = service.session(token)
        assert json.loads(service.chat(token, sid, "hello").body)["message"] == "You said: hello"
        assert len(service.chat(token, sid, "hello", query="?events=all").events) == 3


def test_a_failing_agent_ends_with_a_message(service: RunningService, token: str) -> None:
    """Promise: every turn ends with exactly one waiting message, whatever happens."""
    events = service.chat(token, service.session(token), "fail").events
    assert events[-1]["args"]["extras"]["reason"] == "error"


def test_an_unasked_continue_runs_nothing(service: RunningService, token: str) -> None:
    """Promise: old clients send `continue` after every waiting message; it costs nothing where nothing is left."""
    sid = service.session(token)
    service.chat(token, sid, "hello")
    events = service.chat(token, sid, "continue").events
    assert (len(events), events[0]["args"]["extras"]["reason"]) == (1, "finished")
    assert service.chat(token, sid, "continue", Idempotency_Key="k").events[-1]["message"] == "You said: continue"
    assert [turn.prompt for turn in service.turns.seen] == ["hello", "continue"]


def test_session_code_is_null_for_now(service: RunningService, token: str) -> None:
    """Protocol fact: `null` says that there is no code to give."""
    body = {"sid": service.session(token), "github_username": "octocat"}
    answer = service.send("POST", "/get-session-code", token=token, body=body)
    assert (answer.status, answer.body) == (200, b"null")
    assert service.send("POST", "/get-session-code", token=token, body={"sid": "x"}).status == 422


def test_create_session_is_json_with_a_new_uuid(service: RunningService, token: str) -> None:
    """Protocol fact: `application/json` and a truthy `sid`, a UUID of version 4."""
    answer = service.send("GET", "/create-session", token=token)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert uuid.UUID(answer.json["sid"]).version == 4
    with closing(service.connect()) as connection:
        connection.request("GET", "/create-session", headers={"Authorization": f"Bearer {token}"})
        assert json.loads(connection.getresponse().read())["sid"] != answer.json["sid"]


def test_the_description_tells_what_is_refused(service: RunningService) -> None:
    """Promise: README, /openapi.json (it is true: what nothing would keep to is not taken)."""
    description = service.send("GET", "/openapi.json").json
    wishes = description["paths"]["/sessions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    described = description["components"]["schemas"]["Limits"]
    assert described["additionalProperties"] is False
    limits = {"iterations", "money_usd", "ceiling_money_usd", "ceiling_tokens", "ceiling_seconds"}
    assert set(described["properties"]) == limits
    assert "--network" in wishes["properties"]["network"]["description"]
