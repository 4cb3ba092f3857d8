from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robocoders.testing.scripted_model import ScriptedModel, Step, ToolCall
from tests.compat import openai_scripts
from tests.compat.openai_clients import Starter
from tests.compat.openai_turns import RIGHT
from tests.support.openai_chat import TalkingTurns, scripted
from tests.support.separate_service import separate_service
from tests.support.service import RunningService, running_service

pytestmark = [pytest.mark.needs_registry, pytest.mark.unmeasured]


@pytest.fixture
def openai(program_of: Callable[[str], Starter]) -> Starter:
    """OpenAI's Python library."""
    return program_of("openai")


def test_chats_are_whole_streamed_and_in_sessions(openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, use it from OpenAI's Python library: models, whole and streamed answers, sessions."""
    with openai.started(openai_scripts.CHAT, service, token) as program:
        assert program.heard() == [["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"], "model"]
        sid, *whole = program.heard()
        assert whole == ["You said: hello", "stop", 0]
        assert program.heard() == ["delta", "You said: "]
        # The agent waits until it is told to go on: the text came before its end.
        assert service.send("GET", f"/sessions/{sid}", token=token).json["state"] == "running"
        service.turns.go_on.set()
        assert program.rest() == [
            ["delta", "speak"],
            ["end", "stop"],
            ["It ended.", "stop", 730],
            "length",
            ["You said: hello", True],
            ["stop", "It ended."],
        ]
    assert service.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 2


def test_the_asynchronous_client_speaks_both_dialects(openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, use it from OpenAI's Python library: the asynchronous one, both dialects."""
    with openai.started(openai_scripts.ASYNCHRONOUS, service, token) as program:
        assert program.rest() == [
            "You said: hello",
            ["First.\n\nSecond.", "stop"],
            "You said: hello",
            ["First.\n\nSecond.", "First.\n\nSecond."],
            ["You said: one", "You said: two"],
        ]


def test_responses_are_streamed_fetched_and_deleted(openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, responses: conversations, streams, fetching, deleting, ends, steps."""
    with openai.started(openai_scripts.RESPONSES, service, token) as program:
        assert program.heard() == ["completed", "You said: hello", 0, None]
        assert program.heard() == [True, True]
        assert program.heard() == ["delta", "holding"]
        service.turns.go_on.set()
        said = program.rest()
    assert said == [
        ["end", "completed", True, "holding\n\nYou said: hold"],
        [True, ["hello"]],
        [True, True],
        ["gone", "response_not_found"],
        ["incomplete", "max_output_tokens", "It ended."],
        [["reasoning", "reasoning", "message"], "Searching"],
    ]


def test_background_responses_are_fetched_and_cancelled(openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, responses, `background` and `cancel`."""
    with openai.started(openai_scripts.BACKGROUND, service, token) as program:
        assert program.heard() == ["cancelled", "", "cancelled"]
        assert program.heard() is True
        service.turns.go_on.set()
        program.tell()
        assert program.rest() == [["completed", "holding\n\nYou said: hold"]]


def test_a_stream_is_resumed_after_the_server_was_killed(openai: Starter, tmp_path: Path) -> None:
    """Promise: docs/openai.md, responses: it goes on at `starting_after` after `kill -9`, without gap or repeat."""
    with separate_service(tmp_path / "data", holding=True) as first:
        token = first.client.token()
        with openai.started(openai_scripts.RESUMED, first.client, token) as program:
            assert program.heard() == "holding"
            first.kill()
            assert program.heard()[0] == "broken off"
            with separate_service(tmp_path / "data", port=first.client.port):
                program.tell()
                text = "holding\n\nYou said: hold"
                assert program.rest() == [True, text, ["response.completed", text]]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_tools_of_the_clients_make_a_round_trip(dialect: str, *, stream: bool, openai: Starter, tmp_path: Path) -> None:
    """Promise: docs/openai.md, tools of the client's: the results go on in the same turn."""
    calls = [ToolCall("get_weather", {"city": city}) for city in ("Rome", "Oslo")]
    model = ScriptedModel([Step(text="I look.", calls=calls), "Sun in both."])
    script = openai_scripts.CHAT_TOOLS if dialect == "chat" else openai_scripts.RESPONSE_TOOLS
    with running_service(tmp_path / "data", make_engine=scripted(model)) as service:
        token = service.token()
        with openai.started(script, service, token, STREAM=stream) as program:
            first, second, *more = program.rest()
        sessions = service.send("GET", "/sessions", token=token).json["sessions"]
    asked = [["get_weather", {"city": "Rome"}], ["get_weather", {"city": "Oslo"}]]
    assert first == ["tool_calls" if dialect == "chat" else "completed", asked]
    assert second == ["stop" if dialect == "chat" else "completed", "Sun in both."]
    assert more == (["tool_result_differs"] if dialect == "chat" else [])
    assert [session["turns"] for session in sessions] == [1]
    assert "Rome: sun" in repr(model.requests[-1])


def test_errors_are_of_the_librarys_classes(openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, errors; a prompt that failed is not tried again by the library itself."""
    with openai.started(openai_scripts.ERRORS, service, token) as program:
        said = program.rest()
    assert said == [
        ["AuthenticationError", "invalid_api_key", None],
        ["NotFoundError", "model_not_found", "model"],
        ["NotFoundError", "model_not_found", "model"],
        ["NotFoundError", "response_not_found", None],
        ["BadRequestError", "less_than_equal", "n"],
        ["BadRequestError", "unknown_tool_call", "messages[0].tool_call_id"],
        ["BadRequestError", "invalid_session_id", "X-Session-ID"],
        ["BadRequestError", "invalid_session_id", "conversation"],
        ["NotFoundError", "not_found", None],
        ["InternalServerError", "turn_failed", None],
        ["InternalServerError", "turn_failed", None],
        ["APIError", "turn_failed", None],
        ["ConflictError", "cancelled", None],
        ["response.failed", "failed", True],
    ]
    assert [turn.prompt for turn in service.turns.seen].count("fail") == 4


def test_keys_hold_also_over_a_stop_of_the_server(openai: Starter, tmp_path: Path) -> None:
    """Promise: docs/openai.md, keys: the same request once; the library comes again by itself after a stop."""
    turns = TalkingTurns()
    with running_service(tmp_path / "data", turns=turns) as service:
        token = service.token()
        with openai.started(openai_scripts.KEYS, service, token) as program:
            assert [program.heard(), program.heard(), program.heard()] == [[True, True], True, "idempotency_key_reused"]
            assert turns.held.wait(20)
            service.suspend()
            later = TalkingTurns()
            later.go_on.set()
            with running_service(tmp_path / "data", turns=later, port=service.port):
                assert program.rest() == ["holding\n\nYou said: hold"]
    assert [turn.prompt for turn in turns.seen] == ["hello", "hi", "hold"]
    assert [turn.prompt for turn in later.seen] == ["hold"]


_SCRIPTS = {
    "chat": openai_scripts.WITHDRAWN_CHAT,
    "helper": openai_scripts.WITHDRAWN_HELPER,
    "responses": openai_scripts.WITHDRAWN_RESPONSE,
}


@pytest.mark.parametrize("way", sorted(_SCRIPTS))
def test_a_withdrawn_text_is_never_the_answer(way: str, openai: Starter, service: RunningService, token: str) -> None:
    """Promise: docs/openai.md, withdrawn text: an error, or the right text, by the dialect's own means."""
    with openai.started(_SCRIPTS[way], service, token, PROMPT="ramble") as program:
        assert program.heard() == "shown"
        service.turns.go_on.set()
        ended, text = program.rest()[-1]
    assert (ended, text) == ("stop", RIGHT) if way == "responses" else ended == "answer_withdrawn"
