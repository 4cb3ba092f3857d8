from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.openai_chat import COMPLETIONS, TalkingTurns, body, frames, text_of
from tests.support.service import BOUND_SECONDS, RunningService, running_service


def test_text_comes_before_the_turn_has_ended(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, streams (text as the model says it; the agent is held until it was read)."""
    with service.stream("POST", COMPLETIONS, token=token, body=body("speak", stream=True)) as response:
        reading = frames(response)
        shown = [next(reading), next(reading)]
        assert text_of(shown) == "You said: "
        assert not service.turns.go_on.is_set()
        sid = response.headers["X-Session-ID"]
        assert service.send("GET", f"/sessions/{sid}", token=token).json["state"] == "running"
        service.turns.go_on.set()
        rest = list(reading)
    assert text_of([*shown, *rest]) == "You said: speak"
    assert rest[-1] == "[DONE]"


def test_a_silent_agent_still_beats(tmp_path: Path) -> None:
    """Fact: many proxies cut a connection on which nothing comes; a comment is skipped by every reader."""
    with running_service(tmp_path / "data", turns=TalkingTurns(), heartbeat_seconds=0.05) as service:
        token = service.token()
        with service.stream("POST", COMPLETIONS, token=token, body=body("hold", stream=True)) as response:
            reading = frames(response)
            shown = [next(reading), next(reading)]
            assert [next(reading), next(reading)] == [": heartbeat", ": heartbeat"]
            service.turns.go_on.set()
            rest = [found for found in reading if found != ": heartbeat"]
        assert text_of([*shown, *rest]) == "holding\n\nYou said: hold"
        assert rest[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_does_not_end_the_turn(service: RunningService, token: str, *, stream: bool) -> None:
    """Promise: README, invariants (a reader who leaves stops nothing)."""
    sid = service.session(token)
    connection = service.connect()
    headers = {"Authorization": f"Bearer {token}", "X-Session-ID": sid}
    connection.request("POST", COMPLETIONS, json.dumps(body("hold", stream=stream)), headers)
    assert service.turns.held.wait(BOUND_SECONDS)
    connection.close()
    service.turns.go_on.set()
    with service.stream("GET", f"/sessions/{sid}/events?follow=true", token=token) as events:
        last = next(json.loads(line) for line in events if b'wait_for_response": true' in line)
    assert last["message"] == "You said: hold"


def test_an_answer_that_is_withdrawn_leaves_no_wrong_text(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, withdrawn text (an error frame, no `finish_reason`, no `[DONE]`)."""
    for prompt, first in (("stammer", "You sad"), ("swap", "You said: ")):
        service.turns.go_on.clear()
        with service.stream("POST", COMPLETIONS, token=token, body=body(prompt, stream=True)) as response:
            reading = frames(response)
            assert text_of([next(reading), next(reading)]) == first
            service.turns.go_on.set()
            rest = list(reading)
        last = rest[-1]
        assert isinstance(last, dict)
        assert last["error"]["code"] == "answer_withdrawn"
        assert all(isinstance(chunk, dict) and not chunk.get("choices") for chunk in rest)


def test_a_withdrawn_answer_goes_on_where_it_begins_the_same(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, withdrawn text (no word twice where the model says the same again)."""
    with service.stream("POST", COMPLETIONS, token=token, body=body("stutter", stream=True)) as response:
        reading = frames(response)
        shown = [next(reading), next(reading)]
        service.turns.go_on.set()
        rest = list(reading)
    assert text_of([*shown, *rest]) == "You said: stutter"
    assert rest[-1] == "[DONE]"


def test_the_output_of_a_step_is_no_text(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, text (what a command prints belongs to the log, not to the answer)."""
    service.turns.go_on.set()
    with service.stream("POST", COMPLETIONS, token=token, body=body("run", stream=True)) as response:
        assert text_of(list(frames(response))) == "Done."


def test_a_server_that_stops_says_so_in_the_stream(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, errors (also inside of a stream that has begun)."""
    with service.stream("POST", COMPLETIONS, token=token, body=body("speak", stream=True)) as response:
        reading = frames(response)
        assert text_of([next(reading), next(reading)]) == "You said: "
        service.suspend()
        rest = list(reading)
    last = rest[-1]
    assert isinstance(last, dict)
    assert last["error"]["code"] == "answer_broken_off"


def test_a_server_that_stops_says_so_to_who_waits_for_the_whole(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, errors (503, and no client sends the prompt again by itself)."""
    connection = service.connect()
    connection.request("POST", COMPLETIONS, json.dumps(body("hold")), {"Authorization": f"Bearer {token}"})
    assert service.turns.held.wait(BOUND_SECONDS)
    service.stop_switch.press()
    response = connection.getresponse()
    assert (response.status, response.headers["x-should-retry"]) == (503, "false")
    assert json.loads(response.read())["error"]["code"] == "answer_broken_off"
    connection.close()
