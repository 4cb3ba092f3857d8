from __future__ import annotations

import json
import re
from typing import Any, cast

from tests.support.service import Answer, RunningService, basic

COMMON_HEADERS = ("x-request-id", "Robocoders-Protocol", "Robocoders-Idempotency")


def fits(value: Any, schema: dict[str, Any], description: dict[str, Any]) -> bool:  # noqa: PLR0911 - one a kind
    """Whether a JSON value is of a schema, as far as this description uses schemas; unknown fields do not fit."""
    if "$ref" in schema:
        return fits(value, description["components"]["schemas"][schema["$ref"].rpartition("/")[2]], description)
    if "anyOf" in schema:
        return any(fits(value, choice, description) for choice in schema["anyOf"])
    if "const" in schema:
        return value == schema["const"]
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            return False
        fields = cast("dict[str, Any]", value)
        if "properties" not in schema:
            others: dict[str, Any] | bool = schema.get("additionalProperties", False)
            if isinstance(others, bool):
                return others
            return all(fits(entry, others, description) for entry in fields.values())
        known = schema["properties"]
        return (
            set(schema.get("required", [])) <= set(fields) <= set(known)
            and all(fits(entry, known[name], description) for name, entry in fields.items())
        )  # fmt: skip
    if kind == "array":
        return isinstance(value, list) and all(
            fits(entry, schema["items"], description) for entry in cast("list[Any]", value)
        )
    kinds = {"string": str, "integer": int, "boolean": bool, "null": type(None), "number": float}
    return schema == {} or (kind is not None and isinstance(value, kinds[kind]))


def check(description: dict[str, Any], method: str, path: str, answer: Answer) -> None:
    """The answer is one that the description announces: status, media type, body, headers."""
    responses = description["paths"][path][method.lower()]["responses"]
    assert str(answer.status) in responses, (method, path, answer)
    told = responses[str(answer.status)]
    media = answer.headers["content-type"].partition(";")[0]
    assert media in told["content"], (method, path, answer)
    if media == "application/json" and path != "/openapi.json":
        assert fits(answer.json, told["content"][media]["schema"], description), (method, path, answer)
    assert set(told["headers"]) == set(COMMON_HEADERS)
    assert all(name.lower() in answer.headers for name in COMMON_HEADERS)


def test_the_description_is_true_of_every_route(service: RunningService, token: str) -> None:
    """Promise: /openapi.json (every route with its statuses and bodies, and no route besides)."""
    description = service.send("GET", "/openapi.json").json
    mine, foreign = service.session(token), service.session(service.token("/auth?sub=anna"))
    spare = service.token()
    chat = {"sid": mine, "prompt": "x", "agent": "RepoAgent"}
    code = {"sid": mine, "github_username": "octocat"}
    evil, sse = {"Host": "evil.example"}, {"Accept": "text/event-stream"}
    key = {"Idempotency-Key": ""}
    signed = basic(service.sign_in_key)
    calls: list[tuple[str, str, str, str | None, Any, dict[str, str], int]] = [
        ("GET", "/auth", "", None, None, signed, 200),
        ("GET", "/auth", "", None, None, {}, 401),
        ("GET", "/auth", "", None, None, evil, 403),
        ("GET", "/auth", "?sub=", None, None, signed, 422),
        ("DELETE", "/auth", "", spare, None, {}, 200),
        ("DELETE", "/auth", "", spare, None, {}, 401),
        ("GET", "/create-session", "", token, None, {}, 200),
        ("GET", "/create-session", "", None, None, {}, 401),
        ("GET", "/create-session", "", token, None, key, 422),
        ("POST", "/chat", "", token, chat, {}, 200),
        ("POST", "/chat", "?events=all", token, chat, {}, 200),
        ("POST", "/chat", "?deltas=true", token, chat, {}, 200),
        ("POST", "/chat", "?after=1", token, chat, {}, 422),
        ("POST", "/chat", "", None, chat, {}, 401),
        ("POST", "/chat", "", token, {**chat, "sid": foreign}, {}, 401),
        ("POST", "/chat", "", token, {}, {}, 422),
        ("POST", "/chat", "", token, chat, key, 422),
        ("POST", "/chat", "", token, b" " * 9_000_000, {}, 413),
        ("POST", "/get-session-code", "", token, code, {}, 200),
        ("POST", "/get-session-code", "", token, {}, {}, 422),
        ("POST", "/get-session-code", "", None, code, {}, 401),
        ("GET", "/sessions", "", token, None, {}, 200),
        ("GET", "/sessions", "?limit=0", token, None, {}, 422),
        ("GET", "/sessions", "", None, None, {}, 401),
        ("POST", "/sessions", "", token, None, {}, 200),
        ("POST", "/sessions", "", token, [], {}, 422),
        ("GET", "/sessions/{sid}", "", token, None, {}, 200),
        ("GET", "/sessions/{sid}", "foreign", token, None, {}, 404),
        ("PATCH", "/sessions/{sid}", "", token, {"limits": {"iterations": 2}}, {}, 200),
        ("PATCH", "/sessions/{sid}", "", token, {}, {}, 422),
        ("PATCH", "/sessions/{sid}", "foreign", token, {"limits": {}}, {}, 404),
        ("GET", "/sessions/{sid}/events", "", token, None, {}, 200),
        ("GET", "/sessions/{sid}/events", "", token, None, sse, 200),
        ("GET", "/sessions/{sid}/events", "?deltas=true&offset=3", token, None, {}, 200),
        ("GET", "/sessions/{sid}/events", "?after=-1", token, None, {}, 422),
        ("GET", "/sessions/{sid}/events", "foreign", token, None, {}, 404),
        ("POST", "/sessions/{sid}/cancel", "", token, None, {}, 200),
        ("POST", "/sessions/{sid}/cancel", "foreign", token, None, {}, 404),
        ("POST", "/sessions/{sid}/cancel", "", token, None, key, 422),
        ("DELETE", "/sessions/{sid}", "foreign", token, None, {}, 404),
        ("DELETE", "/sessions/{sid}", "", token, None, key, 422),
        ("DELETE", "/sessions/{sid}", "", token, None, {}, 200),
        ("GET", "/healthz", "", None, None, {}, 200),
        ("GET", "/readyz", "", None, None, {}, 200),
        ("GET", "/openapi.json", "", None, None, {}, 200),
        ("GET", "/docs", "", None, None, {}, 200),
        ("GET", "/docs", "", None, None, evil, 403),
    ]
    for method, path, tail, who, body, headers, status in calls:
        target = path.replace("{sid}", foreign if tail == "foreign" else mine) + tail.removeprefix("foreign")
        answer = service.send(method, target, token=who, body=body, headers=headers)
        assert answer.status == status, (method, target, answer)
        check(description, method, path, answer)
    described = {(method.upper(), path) for path, found in description["paths"].items() for method in found}
    # Those below /v1 have a test of their own (tests/server/openai).
    assert {(call[0], call[1]) for call in calls} == {call for call in described if not call[1].startswith("/v1/")}


def test_the_description_names_what_needs_a_token(service: RunningService) -> None:
    """Promise: SECURITY, access (every route but sign-in, health and documentation needs a token)."""
    description = service.send("GET", "/openapi.json").json
    free = {
        (method.upper(), path)
        for path, found in description["paths"].items()
        for method, operation in found.items()
        if "security" not in operation
    }
    assert free == {("GET", path) for path in ("/auth", "/healthz", "/readyz", "/docs", "/openapi.json")}
    assert "HTTPValidationError" not in json.dumps(description)


def test_the_page_needs_nothing_from_elsewhere(service: RunningService) -> None:
    """Promise: README, /docs (no asset of another host, no script; independent and not affiliated)."""
    answer = service.send("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = answer.body.decode()
    assert "independent reimplementation" in page
    assert "not affiliated" in page
    assert re.findall(r"(?:src|href)=\"(?!#|/openapi\.json)", page) == []
    assert "<script" not in page
    description = service.send("GET", "/openapi.json").json
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            for given in operation.get("parameters", []):
                shared = given.get("$ref", "").rpartition("/")[2]
                parameter = description["components"]["parameters"][shared] if shared else given
                assert parameter["name"] in page
