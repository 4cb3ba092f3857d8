from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from tests.support.service import BOUND_SECONDS, Answer, RunningService, basic

ELSEWHERE = {"500", "503", "507"}
"""A server that fails or stops, a database that is full: reached for all routes in test_documented_failures.py."""

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
    sse = {"Accept": "text/event-stream"}
    key, made = {"Idempotency-Key": ""}, {"Idempotency-Key": "made"}
    gone = service.send("POST", "/sessions", token=token, headers=made).json["sid"]
    service.send("DELETE", f"/sessions/{gone}", token=token)
    busy, long = {**chat, "sid": service.session(token), "prompt": "hold"}, b" " * 9_000_000
    signed = basic(service.sign_in_key)
    calls: list[tuple[str, str, str, str | None, Any, dict[str, str], int]] = [
        ("GET", "/auth", "", None, None, signed, 200),
        ("GET", "/auth", "", None, None, {}, 401),
        ("GET", "/auth", "?sub=", None, None, signed, 422),
        ("DELETE", "/auth", "", spare, None, {}, 200),
        ("GET", "/create-session", "", token, None, {}, 200),
        ("GET", "/create-session", "", token, None, key, 422),
        ("POST", "/chat", "", token, chat, {}, 200),
        ("POST", "/chat", "?events=all", token, chat, {}, 200),
        ("POST", "/chat", "?deltas=true", token, chat, {}, 200),
        ("POST", "/chat", "?after=1", token, chat, {}, 422),
        ("POST", "/chat", "", token, {**chat, "sid": foreign}, {}, 401),
        ("POST", "/chat", "", token, {}, {}, 422),
        ("POST", "/chat", "", token, chat, key, 422),
        ("POST", "/chat", "", token, long, {}, 413),
        ("POST", "/chat", "?if_busy=refuse", token, busy, {}, 409),
        ("POST", "/get-session-code", "", token, code, {}, 200),
        ("POST", "/get-session-code", "", token, {}, {}, 422),
        ("POST", "/get-session-code", "", token, long, {}, 413),
        ("GET", "/sessions", "", token, None, {}, 200),
        ("GET", "/sessions", "?limit=0", token, None, {}, 422),
        ("POST", "/sessions", "", token, None, {}, 200),
        ("POST", "/sessions", "", token, [], {}, 422),
        ("POST", "/sessions", "", token, long, {}, 413),
        ("POST", "/sessions", "", token, None, made, 404),
        ("GET", "/sessions/{sid}", "", token, None, {}, 200),
        ("GET", "/sessions/{sid}", "foreign", token, None, {}, 404),
        ("PATCH", "/sessions/{sid}", "", token, {"limits": {"iterations": 2}}, {}, 200),
        ("PATCH", "/sessions/{sid}", "", token, {}, {}, 422),
        ("PATCH", "/sessions/{sid}", "", token, long, {}, 413),
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
    ]
    with service.stream("POST", "/chat", token=token, body=busy):
        assert service.turns.held.wait(BOUND_SECONDS)
        for method, path, tail, who, body, headers, status in calls:
            target = path.replace("{sid}", foreign if tail == "foreign" else mine) + tail.removeprefix("foreign")
            answer = service.send(method, target, token=who, body=body, headers=headers)
            assert answer.status == status, (method, target, answer)
            check(description, method, path, answer)
    described = {(method.upper(), path) for path, found in description["paths"].items() for method in found}
    # Those below /v1 have tests of their own (tests/server/openai).
    assert {(call[0], call[1]) for call in calls} == {call for call in described if not call[1].startswith("/v1/")}
    reached = {(call[0], call[1], str(call[-1])) for call in calls} | turned_away(service, description, calls)
    assert unreached(description, reached, lambda path: not path.startswith("/v1/")) == set()


def turned_away(
    service: RunningService, description: dict[str, Any], calls: Iterable[Any]
) -> set[tuple[str, str, str]]:
    """Call the routes without a token, and as somebody else's page: what no route's own code answers."""
    reached: set[tuple[str, str, str]] = set()
    for method, path in sorted({(call[0], call[1]) for call in calls}):
        operation = description["paths"][path][method.lower()]
        for status, headers, is_described in (
            (401, {}, "security" in operation),
            (403, {"Host": "evil.example"}, "403" in operation["responses"]),
        ):
            if is_described:
                answer = service.send(method, path, body=b"{}", headers=headers)
                assert answer.status == status, (method, path, answer)
                check(description, method, path, answer)
                reached.add((method, path, str(status)))
    return reached


def unreached(
    description: dict[str, Any], reached: set[tuple[str, str, str]], concerns: Callable[[str], bool]
) -> set[tuple[str, str, str]]:
    """Routes with statuses that the description announces and no request got, besides those of `ELSEWHERE`."""
    described = {
        (method.upper(), path, status)
        for path, found in description["paths"].items()
        for method, operation in found.items()
        for status in operation["responses"]
        if concerns(path) and status not in ELSEWHERE
    }
    return described - reached


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


def test_the_description_has_all_that_it_refers_to(service: RunningService) -> None:
    """Promise: /openapi.json (a program that reads it finds every part of every body)."""
    description = service.send("GET", "/openapi.json").json
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(description)))
    assert {"components/schemas/Limits", "components/schemas/ErrorBody"} <= references
    for reference in references:
        part = description
        for name in reference.split("/"):
            part = part[name]
    assert "$defs" not in json.dumps(description)


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
