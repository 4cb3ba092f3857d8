from __future__ import annotations

import logging
import socket

import pytest

from robocoders.testing.model_server import ModelServer
from robocoders.testing.openai_answers import ModelReply
from tests.agents.turns import FILES, Desk

KEY = "sk-key-of-nobody-1234567890"
NO_RETRY = {"x-should-retry": "false"}


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def _attach(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OLLAMA_BASE_URL", url)


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize("model", ["openai:gpt-x", "openai-chat:gpt-x", "ollama:llama-x"])
async def test_a_real_model_uses_the_tools_and_streams_its_steps(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Promise: README, models: any language model works with the same read-only tools."""
    looks = ModelReply(
        text="Let me look.",
        calls=[
            ("search", {"query": "parse_cookie", "thought": "A name."}),
            ("read", {"path": "shop/cookies.py", "end": 1}),
        ],
    )
    with ModelServer([looks, "It is in `shop/cookies.py:1`."]) as server:
        _attach(monkeypatch, server.base_url)
        outcome = await desk.turn("Where are cookies parsed?", model, files=FILES)
    assert (outcome.reason, outcome.text) == ("finished", "It is in `shop/cookies.py:1`.")
    assert desk.names == ["message", "recall", "recall<-2", "read", "read<-4"]
    assert desk.events[0].text == "Let me look."
    used = {"requests": 2, "tool_calls": 2, "input_tokens": 22, "output_tokens": 14, "unpriced_requests": 2}
    assert outcome.usage == used
    told = str(server.received[1].body)
    assert "shop/cookies.py:1 in parse_cookie" in told
    assert "1\\tdef parse_cookie(header):" in told
    assert "You are the general agent" in told


@pytest.mark.usefixtures("_key")
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (ModelReply(status=401, body={"error": {"message": f"Incorrect API key: {KEY}"}}), "it refused the key"),
        (
            ModelReply(status=404, body={"error": {"message": "none", "code": "model_not_found"}}),
            "does not know this model",
        ),
        (
            ModelReply(status=429, body={"error": {"message": "slow"}}, headers={**NO_RETRY, "retry-after": "7"}),
            "It asks to wait 7 s.",
        ),
        (
            ModelReply(status=429, body={"error": {"message": "x", "code": "insufficient_quota"}}, headers=NO_RETRY),
            "quota or credit is used up",
        ),
        (
            ModelReply(status=400, body={"error": {"message": "x", "code": "context_length_exceeded"}}),
            "longer than the model can take",
        ),
        (
            ModelReply(status=400, body={"error": {"message": "x", "code": 400, "type": "exceed_context_size_error"}}),
            "longer than the model can take",
        ),
        (ModelReply(status=400, body={"error": {"message": "odd"}}), "refused the request"),
        (ModelReply(status=503, body={"error": {"message": "x"}}, headers=NO_RETRY), "not available"),
        (ModelReply(status=500, body={"error": {"message": "x"}}, headers=NO_RETRY), "(HTTP 500): it failed"),
    ],
)
async def test_a_providers_refusal_is_said_clearly(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: ModelReply, said: str
) -> None:
    """Promise: README, models: errors of a provider end the turn with a clear text and never show a key."""
    caplog.set_level(logging.WARNING)
    with ModelServer([reply]) as server:
        _attach(monkeypatch, server.base_url)
        outcome = await desk.turn("Secret question", "openai-chat:gpt-x")
    assert outcome.reason == "error"
    assert said in outcome.text
    assert KEY not in outcome.text + caplog.text
    assert "Secret question" not in outcome.text + caplog.text


@pytest.mark.usefixtures("_key")
async def test_an_answer_that_breaks_off_is_not_taken_for_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, live text: nobody keeps half of an answer that never was."""
    with ModelServer([ModelReply(text="Half of an", breaks_off=True)]) as server:
        _attach(monkeypatch, server.base_url)
        outcome = await desk.turn("Hello", "openai:gpt-x")
    assert outcome.reason == "error"
    assert "Half" not in outcome.text


@pytest.mark.usefixtures("_key")
async def test_a_provider_that_is_not_there_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, models: a refused connection ends the turn with a clear text."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        _attach(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        outcome = await desk.turn("Hello", "openai-chat:gpt-x")
    assert outcome.reason == "error"
    assert "cannot be reached" in outcome.text


@pytest.mark.usefixtures("_key")
async def test_a_path_outside_is_refused_to_a_model(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: README, workspace: nothing outside is ever read; the model is told and goes on."""
    wants = ModelReply(calls=[("read", {"path": "../secret"}), ("list", {"path": "/etc"})])
    with ModelServer([wants, "I cannot."]) as server:
        _attach(monkeypatch, server.base_url)
        outcome = await desk.turn("Read ../secret", "openai-chat:gpt-x", files=FILES)
    assert outcome.text == "I cannot."
    assert desk.names == ["read", "error<-1", "read", "error<-3"]
    assert "Error: " in str(server.received[1].body)


async def test_a_server_without_further_replies_answers_500() -> None:
    """Promise: ours; a script that ends too early is seen in a test, not waited for."""
    with ModelServer([]) as server:
        host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
            assert connection.recv(100).startswith(b"HTTP/1.1 500")
