from __future__ import annotations

from typing import Any

from tests.server.test_documentation import check, turned_away, unreached
from tests.support.openai_chat import COMPLETIONS, body
from tests.support.service import RunningService


def is_concerned(path: str) -> bool:
    """Whether a route is one of models or chat; those of responses have a test of their own."""
    return path.startswith("/v1/") and not path.startswith("/v1/responses")


def test_the_description_is_true_of_models_and_chat_completions(service: RunningService, token: str) -> None:
    """Promise: /openai.json (every documented status is reached, and every answer is of the form that it says)."""
    description = service.send("GET", "/openapi.json").json
    models, one = "/v1/models", "/v1/models/{model}"
    bare = {"X-Session-ID": service.session(service.token("/auth?sub=anna"))}
    calls: list[tuple[str, str, str | None, Any, dict[str, str], int]] = [
        ("GET", models, token, None, {}, 200),
        ("GET", one.format(model="RepoAgent"), token, None, {}, 200),
        ("GET", one.format(model="x"), token, None, {}, 404),
        ("POST", COMPLETIONS, token, body("hello", include_reasoning=True), {}, 200),
        ("POST", COMPLETIONS, token, body("hello", stream=True), {}, 200),
        ("POST", COMPLETIONS, token, {}, {}, 400),
        ("POST", COMPLETIONS, token, body("hello"), bare, 404),
        ("POST", COMPLETIONS, token, body("end cancelled"), {}, 409),
        ("POST", COMPLETIONS, token, b" " * 9_000_000, {}, 413),
        ("POST", COMPLETIONS, token, body("end error"), {}, 500),
    ]
    reached: set[tuple[str, str, str]] = set()
    for method, path, who, given, headers, status in calls:
        answer = service.send(method, path, token=who, body=given, headers=headers)
        assert answer.status == status, (method, path, answer)
        template = one if path.startswith(f"{models}/") else path
        check(description, method, template, answer)
        reached.add((method, template, str(status)))
    reached |= turned_away(service, description, reached)
    assert unreached(description, reached, is_concerned) == set()


def test_the_description_says_what_a_request_may_hold(service: RunningService) -> None:
    """Promise: /openapi.json (the body, the session's header and the key of a chat completion)."""
    operation = service.send("GET", "/openapi.json").json["paths"][COMPLETIONS]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["model", "messages"]
    roles = [choice["properties"]["role"] for choice in schema["properties"]["messages"]["items"]["anyOf"]]
    assert roles == [{"enum": ["system", "developer", "user"]}, {"const": "assistant"}, {"const": "tool"}]
    assert {parameter.get("name") for parameter in operation["parameters"]} == {"X-Session-ID", None}
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
