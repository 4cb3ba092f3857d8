from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.support.openai_chat import COMPLETIONS, body, chunks, frames, text_of
from tests.support.service import Answer, RunningService

KEY = {"Idempotency-Key": "k"}


def send(service: RunningService, token: str, prompt: str, **more: object) -> Answer:
    """Ask with the key."""
    return service.send("POST", COMPLETIONS, token=token, body=body(prompt, **more), headers=KEY)


def test_the_same_request_again_is_the_same_answer(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (carried out once, also without a session's name)."""
    first, again = send(service, token, "hello"), send(service, token, "hello")
    assert first.status == 200
    assert again.body == first.body
    assert again.headers["x-session-id"] == first.headers["x-session-id"]
    assert len(service.turns.seen) == 1
    assert len(service.send("GET", "/sessions", token=token).json["sessions"]) == 1


def test_requests_that_come_at_once_are_one(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (carried out once, however often it is sent; no session is left over)."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, [service] * 6, [token] * 6, ["hello"] * 6))
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}
    assert {answer.headers["x-session-id"] for answer in answers} == {answers[0].headers["x-session-id"]}
    assert len(service.turns.seen) == 1
    assert len(service.send("GET", "/sessions", token=token).json["sessions"]) == 1


def test_the_form_of_the_answer_may_differ(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, keys (an answer that was lost can be read as a stream, or whole)."""
    first = send(service, token, "hello")
    found = chunks(send(service, token, "hello", stream=True, reasoning_effort="low"))
    assert text_of(found) == "You said: hello"
    assert found[0]["id"] == first.json["id"]
    assert len(service.turns.seen) == 1


def test_a_running_answer_is_read_from_its_beginning(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, keys (the running answer, from its first word)."""
    request = body("speak", stream=True)
    with service.stream("POST", COMPLETIONS, token=token, body=request, headers=KEY) as response:
        assert text_of([chunk for chunk, _ in zip(frames(response), range(2), strict=False)]) == "You said: "
    with service.stream("POST", COMPLETIONS, token=token, body=request, headers=KEY) as response:
        reading = frames(response)
        shown = [next(reading), next(reading)]
        assert text_of(shown) == "You said: "
        service.turns.go_on.set()
        assert text_of([*shown, *reading]) == "You said: speak"
    assert len(service.turns.seen) == 1


def test_a_key_is_for_one_request(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (below /v1 a 400, as all that is invalid)."""
    assert send(service, token, "hello").status == 200
    sid = service.session(token)
    others = [
        send(service, token, "other"),
        send(service, token, "hello", tools=[]),
        service.send("POST", COMPLETIONS, token=token, body=body("hello"), headers={**KEY, "X-Session-ID": sid}),
    ]
    assert [(answer.status, answer.json["error"]["code"]) for answer in others] == [(400, "idempotency_key_reused")] * 3
    assert service.send("GET", "/create-session", token=token, headers=KEY).status == 422
    bad = service.send("POST", COMPLETIONS, token=token, body=body("x"), headers={"Idempotency-Key": ""})
    assert (bad.status, bad.json["error"]["param"]) == (400, "Idempotency-Key")
    assert len(service.turns.seen) == 1


def test_the_keys_of_two_users_are_apart(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (a key is its owner's)."""
    mine, hers = send(service, token, "hello"), send(service, service.token("/auth?sub=anna"), "hello")
    assert mine.json["id"] != hers.json["id"]
    assert len(service.turns.seen) == 2


def test_the_key_of_a_deleted_session_finds_nothing(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (a deleted session is gone, with its answers)."""
    sid = send(service, token, "hello").headers["x-session-id"]
    assert service.send("DELETE", f"/sessions/{sid}", token=token).status == 200
    assert send(service, token, "hello").status == 404
