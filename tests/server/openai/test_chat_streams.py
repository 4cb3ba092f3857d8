from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.openai_chat import COMPLETIONS, TalkingTurns, body, chunks, frames, text_of
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
            shown: list[Any] = []
            # It holds after its first word: what comes then is silence, and heartbeats.
            while text_of(shown) != "holding" or shown[-2:] != [": heartbeat"] * 2:
                shown.append(next(reading))
            service.turns.go_on.set()
            shown += reading
        assert text_of(shown) == "holding\n\nYou said: hold"
        assert shown[-1] == "[DONE]"


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


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_a_server_that_stops_says_so_to_who_waits_for_the_whole(
    service: RunningService, token: str, key: dict[str, str]
) -> None:
    """Promise: docs/openai.md, keys (no client runs a prompt twice by itself; with a key it may come again)."""
    connection = service.connect()
    headers = {"Authorization": f"Bearer {token}", **key}
    connection.request("POST", COMPLETIONS, json.dumps(body("hold")), headers)
    assert service.turns.held.wait(BOUND_SECONDS)
    service.stop_switch.press()
    response = connection.getresponse()
    assert response.status == 503
    assert response.headers.get("x-should-retry") == (None if key else "false")
    assert response.headers.get("retry-after-ms") == ("2000" if key else None)
    assert json.loads(response.read())["error"]["code"] == "answer_broken_off"
    connection.close()


def test_an_answer_that_was_broken_off_is_read_after_a_restart(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, keys (the same request with the same key comes to the answer that goes on)."""
    key = {"Idempotency-Key": "k"}
    with service.stream("POST", COMPLETIONS, token=token, body=body("hold", stream=True), headers=key) as response:
        reading = frames(response)
        assert text_of([next(reading), next(reading)]) == "holding"
        service.suspend()
        assert isinstance(list(reading)[-1], dict)
    turns = TalkingTurns()
    turns.go_on.set()
    with running_service(service.settings.data_dir, turns=turns) as again:
        answer = again.send("POST", COMPLETIONS, token=token, body=body("hold", stream=True), headers=key)
        found = chunks(answer)
    assert (text_of(found), found[-1]) == ("holding\n\nYou said: hold", "[DONE]")
    assert len(turns.seen) == 1
