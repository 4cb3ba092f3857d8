from __future__ import annotations

import uuid
from typing import Any

from tests.support.openai_chat import COMPLETIONS, ask, body, completion
from tests.support.service import RunningService

TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "You said: one"},
    {"role": "user", "content": "two"},
]


def test_a_session_is_named_in_a_header(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (`X-Session-ID`; one that nobody has is made, as for /chat)."""
    mine = str(uuid.uuid4())
    first = ask(service, token, "one", sid=mine.upper())
    assert first.headers["x-session-id"] == mine
    assert ask(service, token, TALK, sid=mine).headers["x-session-id"] == mine
    assert service.send("GET", f"/sessions/{mine}", token=token).json["turns"] == 2


def test_only_what_is_new_is_asked_in_a_session_that_goes_on(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (the log has the rest)."""
    sid = service.session(token)
    assert completion(ask(service, token, "one", sid=sid)) == "You said: one"
    assert completion(ask(service, token, TALK, sid=sid)) == "You said: two"
    assert completion(ask(service, token, [*TALK, {"role": "user", "content": "three"}], sid=sid)) == (
        "You said: two\n\nthree"
    )
    nothing = ask(service, token, TALK[:-1], sid=sid)
    assert (nothing.status, nothing.json["error"]["param"]) == (400, "messages")
    seen = service.turns.seen
    assert [turn.history[-1].prompt for turn in seen[1:]] == ["one", "two"]


def test_a_new_session_gets_the_whole_conversation(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (without a name each request is a session of its own)."""
    first, second = ask(service, token, TALK), ask(service, token, TALK)
    assert first.headers["x-session-id"] != second.headers["x-session-id"]
    turn = service.turns.seen[0]
    assert turn.prompt == "User: one\nAssistant: You said: one\nUser: two\nAssistant:"
    assert not turn.history
    assert "Be kind." not in turn.prompt


def test_users_with_the_same_words_never_meet(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (nothing is guessed from text; what is not one's own is 404)."""
    anna = service.token("/auth?sub=anna")
    mine, hers = ask(service, token, TALK), ask(service, anna, TALK)
    sid = mine.headers["x-session-id"]
    assert sid != hers.headers["x-session-id"]
    assert mine.json["id"] != hers.json["id"]
    for path in (f"/sessions/{sid}", f"/sessions/{sid}/events"):
        assert service.send("GET", path, token=anna).status == 404
    for stream in (True, False):
        foreign = ask(service, anna, TALK, sid=sid, stream=stream)
        assert (foreign.status, foreign.json["error"]["code"]) == (404, "session_not_found")
    assert len(service.turns.seen) == 2
    assert all(not turn.history for turn in service.turns.seen)


def test_a_deleted_session_is_gone(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (a deleted session is 404, and its id is not made again)."""
    sid = ask(service, token, "one").headers["x-session-id"]
    assert service.send("DELETE", f"/sessions/{sid}", token=token).status == 200
    assert ask(service, token, "one", sid=sid).status == 404


def test_a_session_id_is_a_uuid(service: RunningService, token: str) -> None:
    """Promise: /openai.json, X-Session-ID (its form)."""
    answer = ask(service, token, "one", sid="my chat")
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["code"], error["param"]) == ("invalid_session_id", "X-Session-ID")


def test_a_refused_request_makes_no_session(service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, conversations (what is refused has done nothing)."""
    refused = [
        ask(service, token, " "),
        ask(service, token, "one", n=2),
        ask(service, token, "one", tools=[{"type": "function", "function": {"name": "read"}}]),
        service.send("POST", COMPLETIONS, token=token, body=body("one") | {"model": "gpt-4o"}),
    ]
    assert [answer.status for answer in refused] == [400, 400, 400, 404]
    assert service.send("GET", "/sessions", token=token).json["sessions"] == []
