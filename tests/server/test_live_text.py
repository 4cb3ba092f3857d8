from __future__ import annotations

import json
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from robocoders.wire.protocol import PLAIN_LINE_LIMIT_BYTES
from tests.support.service import BOUND_SECONDS, RunningService, running_service

Lines = list[dict[str, Any]]


def line_of(response: HTTPResponse) -> dict[str, Any]:
    """The next line that is no heartbeat."""
    return json.loads(next(line for line in response if line.strip()))


def said(lines: Lines) -> str:
    """What the live text comes to, put together as a reader does that."""
    text = ""
    for line in lines:
        if line.get("reset"):
            text = ""
        elif "delta_of" in line:
            assert line["offset"] == len(text)
            text += line["text"]
    return text


@pytest.mark.parametrize("query", ["?deltas=true", "?deltas=true&events=all"])
def test_the_text_of_a_message_comes_before_it(service: RunningService, token: str, query: str) -> None:
    """Promise: docs/service.md, live text (it has no id, it names the event to come, and comes to the event's text)."""
    sid = service.session(token)
    with service.stream("POST", f"/chat{query}", token=token, body={"sid": sid, "prompt": "speak"}) as response:
        first = line_of(response)
        assert list(first.items()) == [("delta_of", 1), ("offset", 0), ("text", "You said: ")]
        service.turns.go_on.set()
        rest = [json.loads(line) for line in response if line.strip()]
    assert [line.get("delta_of") for line in rest] == [1] * (len(rest) - 1) + [None]
    assert (rest[-1]["id"], rest[-1]["message"]) == (1, "You said: speak")
    assert said([first, *rest]) == "You said: speak"


def test_live_text_is_for_those_who_ask(service: RunningService, token: str) -> None:
    """Protocol fact: old clients know events alone; live text changes nothing of them."""
    sid = service.session(token)
    service.turns.go_on.set()
    answers = [service.chat(token, sid, "speak", query=query) for query in ("", "?deltas=false", "?events=all")]
    assert [[event["id"] for event in answer.events] for answer in answers] == [[1], [2], [3]]
    assert b"delta_of" not in service.send("GET", f"/sessions/{sid}/events", token=token).body


def test_text_that_is_taken_back_is_reset_before_the_new_one(service: RunningService, token: str) -> None:
    """Promise: docs/service.md, live text (nobody keeps half of an answer that never was)."""
    sid = service.session(token)
    body = {"sid": sid, "prompt": "stammer"}
    with service.stream("POST", "/chat?deltas=true", token=token, body=body) as response:
        assert line_of(response)["text"] == "You sad"
        service.turns.go_on.set()
        assert list(line_of(response).items()) == [("delta_of", 1), ("reset", True)]
        lines = [json.loads(line) for line in response if line.strip()]
    assert said(lines) == lines[-1]["message"] == "You said: stammer"


def test_a_commands_output_is_for_those_who_see_observations(service: RunningService, token: str) -> None:
    """Protocol fact: the plain stream has actions alone, so the text of an observation is not on it."""
    for query, seen in (("&events=all", ["made\n"]), ("", [])):
        sid = service.session(token)
        service.turns.held.clear()
        service.turns.go_on.clear()
        body = {"sid": sid, "prompt": "run"}
        with service.stream("POST", f"/chat?deltas=true{query}", token=token, body=body) as response:
            assert line_of(response)["action"] == "run"
            assert service.turns.held.wait(BOUND_SECONDS)
            if seen:
                assert line_of(response) == {"delta_of": 2, "offset": 0, "text": "made\n"}
            service.turns.go_on.set()
            rest = [json.loads(line) for line in response if line.strip()]
        assert [line for line in rest if line.get("delta_of") == 2] == []
        assert said([line for line in rest if line.get("delta_of") == 3]) == rest[-1]["message"] == "Done."


def test_a_plain_reader_who_begins_in_the_middle_is_spared_output_too(service: RunningService, token: str) -> None:
    """Protocol fact: the plain stream has actions alone, wherever one begins to read it."""
    body, key = {"sid": service.session(token), "prompt": "run"}, {"Idempotency-Key": "k"}
    with service.stream("POST", "/chat", token=token, body=body, headers=key):
        assert service.turns.held.wait(BOUND_SECONDS)
    path = "/chat?deltas=true&after=1"
    with service.stream("POST", path, token=token, body=body, headers=key) as response:
        service.turns.go_on.set()
        lines = [json.loads(line) for line in response if line.strip()]
    assert {line["delta_of"] for line in lines[:-1]} <= {3}
    assert lines[-1]["id"] == 3


def test_an_answer_is_read_on_from_a_place(service: RunningService, token: str) -> None:
    """Promise: /docs, POST /chat (`after` and `offset`: what the reader lacks, without gap or repeat)."""
    body, key = {"sid": service.session(token), "prompt": "speak"}, {"Idempotency-Key": "k"}
    with service.stream("POST", "/chat?deltas=true", token=token, body=body, headers=key) as response:
        assert line_of(response)["text"] == "You said: "
    path = "/chat?deltas=true&after=0&offset=4"
    with service.stream("POST", path, token=token, body=body, headers=key) as response:
        assert line_of(response) == {"delta_of": 1, "offset": 4, "text": "said: "}
        service.turns.go_on.set()
        assert [json.loads(line) for line in response if line.strip()][-1]["message"] == "You said: speak"
    sid = service.session(token)
    body, key = {"sid": sid, "prompt": "hello"}, {"Idempotency-Key": "l"}
    whole = service.send("POST", "/chat?events=all", token=token, body=body, headers=key)
    rest = service.send("POST", "/chat?events=all&after=2", token=token, body=body, headers=key)
    assert rest.body == whole.body.splitlines(keepends=True)[2]
    assert service.send("POST", "/chat?after=3", token=token, body=body, headers=key).body == b""
    assert [turn.prompt for turn in service.turns.seen] == ["speak", "hello"]


@pytest.mark.parametrize("query", ["after=1", "offset=1"])
def test_a_place_needs_the_key_of_its_answer(service: RunningService, token: str, query: str) -> None:
    """Promise: /docs, POST /chat (a prompt without a key is a new one, and none is run by mistake)."""
    sid = service.session(token)
    refused = service.chat(token, sid, "hello", query=f"?{query}")
    assert refused.status == 422
    item = refused.json["detail"][0]
    assert (item["loc"], item["type"]) == (["query", query[:-2]], "idempotency_key_missing")
    assert "Idempotency-Key" in item["msg"]
    assert service.chat(token, sid, "hello", query="?after=0&offset=0").status == 200
    for bad in ("-1", "x", str(2**63)):
        answer = service.chat(token, sid, "hello", query=f"?{query[:-1]}{bad}", Idempotency_Key="k")
        assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["query", query[:-2]])
    assert len(service.turns.seen) == 1


def test_one_event_a_turn_leaves_no_room_for_live_text(tmp_path: Path) -> None:
    """Protocol fact: some clients read a body as one object; an option gives them exactly that, whatever they ask."""
    with running_service(tmp_path / "data", one_event_per_turn=True) as service:
        service.turns.go_on.set()
        token = service.token()
        sid = service.session(token)
        assert json.loads(service.chat(token, sid, "speak", query="?deltas=true").body)["message"] == "You said: speak"
        assert len(service.chat(token, sid, "stammer", query="?deltas=true&events=all").events) > 1


def test_a_long_piece_is_cut_into_lines_that_old_clients_can_read(service: RunningService, token: str) -> None:
    """Protocol fact: old clients break on long lines."""
    sid = service.session(token)
    for query in ("", "&events=all"):
        service.turns.go_on.clear()
        body = {"sid": sid, "prompt": "chant"}
        with service.stream("POST", f"/chat?deltas=true{query}", token=token, body=body) as response:
            first = response.readline()
            service.turns.go_on.set()
            lines = [first, *(line for line in response if line.strip())]
        assert max(len(line) for line in lines[:-1]) <= PLAIN_LINE_LIMIT_BYTES
        assert said([json.loads(line) for line in lines]) == "la" * 50_000


def test_the_log_has_live_text_for_followers(service: RunningService, token: str) -> None:
    """Promise: /docs, events (`deltas`, and `offset` with `after`; followers of both forms)."""
    sid = service.session(token)
    service.chat(token, sid, "hello")
    path, sse = f"/sessions/{sid}/events?after=3&follow=true&deltas=true", {"Accept": "text/event-stream"}
    with (
        service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "speak"}) as answer,
        service.stream("GET", path, token=token) as lines,
        service.stream("GET", f"{path}&offset=4", token=token) as later,
        service.stream("GET", path, token=token, headers=sse) as frames,
        service.stream("GET", f"{path}&offset=4", token=token, headers=sse | {"Last-Event-ID": "3"}) as same,
    ):
        assert line_of(lines) == {"delta_of": 4, "offset": 0, "text": "You said: "}
        assert line_of(later) == {"delta_of": 4, "offset": 4, "text": "said: "}
        assert [frames.readline() for _ in range(3)] == [
            b"event: delta\n",
            b'data: {"delta_of": 4, "offset": 0, "text": "You said: "}\n',
            b"\n",
        ]
        assert b'"offset": 4' in [same.readline() for _ in range(3)][1]
        service.turns.go_on.set()
        assert answer.read()
        for form in (frames, same):
            while (first := form.readline()) == b"event: delta\n":
                assert form.readline().startswith(b'data: {"delta_of": 4, ')
                assert form.readline() == b"\n"
            assert first == b"id: 4\n"


def test_an_offset_belongs_to_its_place(service: RunningService, token: str) -> None:
    """Promise: /docs, events (a browser that comes back further on gets the live text from its beginning)."""
    sid = service.session(token)
    service.chat(token, sid, "hello")
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "3"}
    path = f"/sessions/{sid}/events?after=1&offset=4&follow=true&deltas=true"
    with (
        service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "speak"}),
        service.stream("GET", path, token=token, headers=headers) as frames,
    ):
        assert b'"offset": 0' in [frames.readline() for _ in range(3)][1]
        service.turns.go_on.set()


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "deltas=perhaps"])
def test_what_is_no_place_in_live_text_is_422(service: RunningService, token: str, query: str) -> None:
    """Promise: /docs, events (the values a query can have)."""
    answer = service.send("GET", f"/sessions/{service.session(token)}/events?{query}", token=token)
    assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["query", query.partition("=")[0]])


def test_the_present_answer_is_found_by_its_session(service: RunningService, token: str) -> None:
    """Promise: /docs, sessions (`answering_after`: from there on the present answer, or else the newest)."""
    sid = service.session(token)

    def place() -> Any:
        return service.send("GET", f"/sessions/{sid}", token=token).json["answering_after"]

    assert place() is None
    service.chat(token, sid, "hello")
    assert place() == 0
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "speak"}) as response:
        assert service.turns.held.wait(BOUND_SECONDS)
        assert place() == 3
        service.turns.go_on.set()
        response.read()
    events = service.send("GET", f"/sessions/{sid}/events?after={place()}", token=token).events
    assert [event["message"] for event in events] == ["You said: speak"]
