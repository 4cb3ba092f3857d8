from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import BOUND_SECONDS, Answer, RunningService

KEY = {"Idempotency-Key": "k"}


def reused(answer: Answer) -> bool:
    """Whether it is the refusal of a key that another request has used."""
    return answer.status == 422 and answer.json["detail"][0]["type"] == "idempotency_key_reused"


def changing(sid: str) -> list[tuple[str, str, Any]]:
    """Every route that changes something, each with a body."""
    return [
        ("POST", "/chat", {"sid": sid, "prompt": "hello"}),
        ("GET", "/create-session", None),
        ("POST", "/sessions", {"model": "offline"}),
        ("POST", f"/sessions/{sid}/cancel", None),
        ("DELETE", f"/sessions/{sid}", None),
    ]


@pytest.mark.parametrize("number", range(5))
def test_a_keyed_request_gets_the_same_answer_again(service: RunningService, token: str, number: int) -> None:
    """Promise: /docs, Idempotency-Key (carried out once; the same request again gets the same answer)."""
    method, path, body = changing(service.session(token))[number]
    first = service.send(method, path, token=token, body=body, headers=KEY)
    again = service.send(method, path, token=token, body=body, headers=KEY)
    assert first.status == 200
    assert (again.status, again.body) == (200, first.body)
    assert len(service.turns.seen) == (path == "/chat")


def test_a_key_is_for_one_request(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (another body or route is 422, whichever came first)."""
    sid = service.session(token)
    routes = [*changing(sid), ("POST", "/get-session-code", {"sid": sid, "github_username": "octocat"})]
    for method, path, body in changing(service.session(token)):
        key = {"Idempotency-Key": f"{method} {path}"}
        assert service.send(method, path, token=token, body=body, headers=key).status == 200
        for other_method, other_path, other_body in routes:
            if (other_method, other_path) == (method, path) and other_body == body:
                continue
            answer = service.send(other_method, other_path, token=token, body=other_body, headers=key)
            assert reused(answer), (path, other_path, answer)
    assert service.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 0


def test_a_key_that_is_none_is_refused_on_every_route(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (1 to 255 printable characters, everywhere)."""
    sid = service.session(token)
    code = ("POST", "/get-session-code", {"sid": sid, "github_username": "octocat"})
    for method, path, body in [*changing(sid), code]:
        answer = service.send(method, path, token=token, body=body, headers={"Idempotency-Key": ""})
        assert (answer.status, answer.json["detail"][0]["loc"]) == (422, ["header", "Idempotency-Key"])
    assert service.send("GET", f"/sessions/{sid}", token=token).status == 200


def test_keys_of_different_owners_are_apart(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (a key is its owner's)."""
    anna = service.token("/auth?sub=anna")
    mine = service.send("GET", "/create-session", token=token, headers=KEY).json["sid"]
    assert service.send("GET", "/create-session", token=anna, headers=KEY).json["sid"] != mine
    assert service.send("POST", f"/sessions/{mine}/cancel", token=anna, headers=KEY).status == 404


def test_a_cancellation_that_comes_twice_spares_what_began_in_between(service: RunningService, token: str) -> None:
    """Promise: /docs, cancel (with a key: the prompts that were there when it first came, and no later ones)."""
    sid = service.session(token)
    path, body = f"/sessions/{sid}/cancel", {"sid": sid, "prompt": "hold"}
    with service.stream("POST", "/chat", token=token, body=body) as response:
        assert service.turns.held.wait(BOUND_SECONDS)
        first = service.send("POST", path, token=token, headers=KEY)
        assert first.json == {"sid": sid, "cancelled": True}
        assert b'"reason": "cancelled"' in response.read()
    service.turns.held.clear()
    with service.stream("POST", "/chat", token=token, body=body) as response:
        assert service.turns.held.wait(BOUND_SECONDS)
        assert service.send("POST", path, token=token, headers=KEY).body == first.body
        service.turns.go_on.set()
        assert b'"reason": "finished"' in response.read()


def test_a_refused_key_cancels_nothing(service: RunningService, token: str) -> None:
    """Promise: /docs, Idempotency-Key (what is refused has done nothing)."""
    sid = service.session(token)
    service.send("GET", "/create-session", token=token, headers=KEY)
    with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}) as response:
        assert service.turns.held.wait(BOUND_SECONDS)
        assert reused(service.send("DELETE", f"/sessions/{sid}", token=token, headers=KEY))
        assert reused(service.send("POST", f"/sessions/{sid}/cancel", token=token, headers=KEY))
        service.turns.go_on.set()
        assert b'"reason": "finished"' in response.read()


def test_a_keyed_session_is_found_after_its_directory_has_gone(
    service: RunningService, token: str, tmp_path: Path
) -> None:
    """Promise: /docs, POST /sessions (the same answer again, whatever has become of the directory)."""
    place = tmp_path / "project"
    place.mkdir()
    body = {"workspace": str(place)}
    first = service.send("POST", "/sessions", token=token, body=body, headers=KEY)
    place.rmdir()
    assert service.send("POST", "/sessions", token=token, body=body, headers=KEY).body == first.body
    assert service.send("POST", "/sessions", token=token, body=body).status == 422


def test_a_deleted_session_is_not_made_again_by_its_key(service: RunningService, token: str) -> None:
    """Promise: /docs, POST /sessions (the key still stands for the session that was deleted)."""
    sid = service.send("POST", "/sessions", token=token, headers=KEY).json["sid"]
    assert service.send("DELETE", f"/sessions/{sid}", token=token).status == 200
    again = service.send("POST", "/sessions", token=token, headers=KEY)
    assert (again.status, again.json["code"]) == (404, "session_not_found")


def test_the_key_is_described_once(service: RunningService) -> None:
    """Promise: /openapi.json (one parameter, shared by every route that takes it, those below /v1 besides)."""
    description = service.send("GET", "/openapi.json").json
    (name,) = description["components"]["parameters"]
    reference = {"$ref": f"#/components/parameters/{name}"}
    taking = {
        (method.upper(), path)
        for path, found in description["paths"].items()
        for method, operation in found.items()
        if reference in operation.get("parameters", []) and not path.startswith("/v1/")
    }
    code = ("POST", "/get-session-code")
    assert taking == {code, *((method, path) for method, path, _ in changing("{sid}"))}
    assert json.dumps(description).count('"Idempotency-Key"') == 1
