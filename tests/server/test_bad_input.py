from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from robocoders.server.reading import BODY_LIMIT_BYTES
from robocoders.wire.protocol import AGENT_NAMES, MAX_PROMPT_CHARACTERS
from tests.support.service import BOUND_SECONDS, Answer, RunningService

SECRET = "sesame-opens"


def bodies(sid: str) -> Iterator[tuple[Any, list[str | int]]]:
    """Bodies that are invalid, with the place that is said to be."""
    good: dict[str, Any] = {"sid": sid, "prompt": SECRET}
    yield b"", ["body"]
    yield b"{", ["body"]
    yield b"null", ["body"]
    yield b"[]", ["body"]
    yield b'"text"', ["body"]
    yield b"\xff\xfe", ["body"]
    yield b'{"sid": "x", "prompt": "\xff"}', ["body"]
    yield b'{"sid": "x", "prompt": "\\ud800"}', ["body"]
    yield b"[" * 100_000, ["body"]
    yield json.dumps(good).encode("utf-16"), ["body"]
    yield {**good, "sid": None}, ["body", "sid"]
    yield {**good, "sid": 5}, ["body", "sid"]
    yield {"prompt": SECRET}, ["body", "sid"]
    yield {"sid": sid}, ["body", "prompt"]
    yield {**good, "prompt": None}, ["body", "prompt"]
    yield {**good, "prompt": [SECRET]}, ["body", "prompt"]
    yield {**good, "prompt": ""}, ["body", "prompt"]
    yield {**good, "prompt": " \n\u3000"}, ["body", "prompt"]
    yield {**good, "prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)}, ["body", "prompt"]
    yield {**good, "agent": 7}, ["body", "agent"]
    yield {**good, "agent": SECRET}, ["body", "agent"]
    yield {**good, "history": SECRET}, ["body", "history"]


def assert_invalid(answer: Answer, loc: list[str | int]) -> None:
    assert answer.status == 422, (answer, loc)
    assert set(answer.json) == {"detail", "code", "request_id"}
    for item in answer.json["detail"]:
        assert set(item) == {"loc", "msg", "type"}
    assert answer.json["detail"][0]["loc"] == loc
    assert SECRET not in answer.body.decode()


def test_an_invalid_body_is_422_and_not_repeated(service: RunningService, token: str) -> None:
    """Protocol fact: 422 bodies list loc, msg and type. Promise: SECURITY, what was sent is never echoed."""
    sid = service.session(token)
    for body, loc in bodies(sid):
        assert_invalid(service.send("POST", "/chat", token=token, body=body), loc)
    assert service.turns.seen == []


def test_an_unknown_agent_is_told_the_names(service: RunningService, token: str) -> None:
    """Promise: README, agents (a wrong name is answered with the list)."""
    body = {"sid": service.session(token), "prompt": "x", "agent": "Nobody"}
    message = service.send("POST", "/chat", token=token, body=body).json["detail"][0]["msg"]
    assert all(name in message for name in AGENT_NAMES)


def test_the_longest_prompt_is_taken(service: RunningService, token: str) -> None:
    """Promise: README, limits (a prompt has up to 1,000,000 characters)."""
    body = {"sid": service.session(token), "prompt": "я" * MAX_PROMPT_CHARACTERS}
    assert service.send("POST", "/chat", token=token, body=body).status == 200


@pytest.mark.parametrize(
    "content_type", ["application/json;charset=utf-8", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_a_body_is_json_whatever_it_is_called(service: RunningService, token: str, content_type: str) -> None:
    """Protocol fact: bodies come as application/json, with and without charset; nobody is refused for the label."""
    body = json.dumps({"sid": service.session(token), "prompt": "x"}).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    assert service.send("POST", "/chat", token=token, body=body, headers=headers).status == 200


@pytest.mark.parametrize("query", ["?events=some", "?if_busy=maybe"])
def test_an_unknown_choice_is_422(service: RunningService, token: str, query: str) -> None:
    """Promise: /docs (the values a query can have)."""
    answer = service.chat(token, service.session(token), "x", query=query)
    assert_invalid(answer, ["query", query[1:].partition("=")[0]])


def test_a_body_that_is_too_long_is_413(service: RunningService, token: str) -> None:
    """Promise: README, limits (8 MiB), and the sender gets to read the answer."""
    answer = service.send("POST", "/chat", token=token, body=b" " * (BODY_LIMIT_BYTES + 1))
    assert (answer.status, answer.json["code"]) == (413, "too_large")
    padded = b'{"sid": "x", "prompt": "x"}'.ljust(BODY_LIMIT_BYTES)
    assert service.send("POST", "/chat", token=token, body=padded).status == 401


def test_a_body_without_end_is_cut(service: RunningService, token: str) -> None:
    """Promise: README, limits (a body is dropped, not collected, and not read for ever)."""
    with socket.create_connection(("127.0.0.1", service.port), BOUND_SECONDS) as connection:
        head = f"POST /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {10**9}"
        connection.sendall(head.encode() + b"\r\n\r\n")
        chunk = bytes(1024 * 1024)
        try:
            for _ in range(900):
                connection.sendall(chunk)
        except OSError:
            return
    pytest.fail("the server read all of it")


def test_a_sender_that_leaves_in_the_middle_harms_nobody(service: RunningService, token: str) -> None:
    """Promise: a broken request ends nothing but itself."""
    head = f"POST /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), BOUND_SECONDS) as connection:
        connection.sendall(head.encode() + b'{"sid"')
    assert service.send("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"rubbish\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_what_is_no_http_is_turned_away(service: RunningService, request_bytes: bytes) -> None:
    """Promise: malformed input ends in an answer of 400 or 401 or a closed connection, and the server goes on."""
    with socket.create_connection(("127.0.0.1", service.port), BOUND_SECONDS) as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        except OSError:
            answer = b""
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401"))
    assert service.send("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/chat/", 404, "not_found"),
        ("GET", "/%ff%00", 404, "not_found"),
        ("GET", "/chat", 405, "method_not_allowed"),
        ("POST", "/auth", 405, "method_not_allowed"),
        ("OPTIONS", "/chat", 405, "method_not_allowed"),
        ("BREW", "/chat", 405, "method_not_allowed"),
    ],
)
def test_unknown_places_have_the_same_form_of_answer(
    service: RunningService, method: str, path: str, status: int, code: str
) -> None:
    """Promise: README, errors (one body for all routes, the request id in body and header, the announcements)."""
    answer = service.send(method, path)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert set(answer.json) == {"detail", "code", "request_id"}
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert (answer.headers["robocoders-protocol"], answer.headers["robocoders-idempotency"]) == ("1", "1")


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/auth", "DELETE, GET"), ("/sessions", "GET, POST"), ("/sessions/x", "DELETE, GET, PATCH"), ("/docs", "GET")],
)
def test_a_wrong_method_is_told_all_right_ones(service: RunningService, path: str, methods: str) -> None:
    """Fact: RFC 9110, 10.2.1 (`Allow` lists the methods of the path)."""
    answer = service.send("OPTIONS", path)
    assert (answer.status, answer.headers["allow"]) == (405, methods)


def test_unicode_line_ends_in_a_prompt_survive(service: RunningService, token: str) -> None:
    """Promise: newline-delimited JSON splits at line feeds only."""
    prompt = "a\u2028b\u0085c\r\nd\x00e\u0000😀"
    events = service.chat(token, service.session(token), prompt).events
    assert events[-1]["args"]["content"] == f"You said: {prompt}"
