from __future__ import annotations

from typing import Any

from tests.server.openai.response_reading import PATH, Asking, outputs
from tests.server.test_documentation import check, turned_away, unreached

ONE = f"{PATH}/{{response_id}}"


def test_the_description_is_true_of_responses(alice: Asking) -> None:
    """Promise: /openapi.json (every documented status is reached, and every answer is of the form that it says)."""
    description = alice.service.send("GET", "/openapi.json").json
    asked = {"model": "RepoAgent", "input": "hello", "reasoning": {"effort": "low"}}
    waiting = alice.ask("tools", tools=[{"type": "function", "name": "weather"}]).json
    alice.ask(outputs(waiting, "wet", "dry"))
    changed = {"model": "RepoAgent", "input": outputs(waiting, "dry", "dry")}
    known = f"{PATH}/{waiting['id']}"
    calls: list[tuple[str, str, str, Any, int]] = [
        ("POST", PATH, PATH, asked, 200),
        ("POST", PATH, PATH, {**asked, "stream": True}, 200),
        ("POST", PATH, PATH, {**asked, "background": True}, 200),
        ("POST", PATH, PATH, {}, 400),
        ("POST", PATH, PATH, {**asked, "previous_response_id": "resp_none"}, 404),
        ("POST", PATH, PATH, changed, 409),
        ("POST", PATH, PATH, b" " * 9_000_000, 413),
        ("POST", PATH, PATH, {**asked, "input": "fail"}, 500),
        ("GET", ONE, known, None, 200),
        ("GET", ONE, f"{known}?stream=true", None, 200),
        ("GET", ONE, f"{known}?starting_after=no", None, 400),
        ("POST", f"{ONE}/cancel", f"{known}/cancel", None, 200),
        ("GET", f"{ONE}/input_items", f"{known}/input_items", None, 200),
        ("GET", f"{ONE}/input_items", f"{known}/input_items?limit=0", None, 400),
        ("DELETE", ONE, known, None, 200),
        ("GET", ONE, known, None, 404),
        ("DELETE", ONE, known, None, 404),
        ("POST", f"{ONE}/cancel", f"{known}/cancel", None, 404),
        ("GET", f"{ONE}/input_items", f"{known}/input_items", None, 404),
    ]
    reached: set[tuple[str, str, str]] = set()
    for method, template, path, body, status in calls:
        answer = alice.service.send(method, path, token=alice.token, body=body)
        assert answer.status == status, (method, path, answer)
        check(description, method, template, answer)
        reached.add((method, template, str(status)))
    reached |= turned_away(alice.service, description, reached)
    assert unreached(description, reached, lambda path: path.startswith(PATH)) == set()
