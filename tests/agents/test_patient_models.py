from __future__ import annotations

import asyncio
import logging
import pickle
import socket
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError, ModelRequestTimeout
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import Model, ModelRequestParameters

from robocoders.agents.model_errors import may_pass, without_words
from robocoders.agents.model_limits import ModelLimits, limits_for
from robocoders.agents.models import resolve_model
from robocoders.agents.patient_model import PatientModel, patiently
from robocoders.agents.running import Exchange
from robocoders.agents.speaking import SpeakingModel
from robocoders.agents.steps import SilentLive
from robocoders.errors import ConfigurationError
from robocoders.testing.model_server import ModelServer
from robocoders.testing.openai_answers import ModelReply
from robocoders.testing.scripted_model import ScriptedModel, Step
from tests.agents.turns import Desk

KEY = "sk-key-of-nobody-1234567890"
PROMPT = "Secret question"
QUICK = {"first_wait_seconds": 0, "retries": 2, "idle_seconds": 0.5}

DIALECTS = ["openai-chat:gpt-x", "openai-responses:gpt-x"]


def _status(status: int, code: str = "", **headers: str) -> ModelReply:
    """A refusal that quotes what it should not: the key and the prompt."""
    error = {"message": f"You sent {KEY} and {PROMPT}", "code": code or None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ModelReply(status=status, body={"error": error}, headers=named)


def _in_stream(code: str) -> ModelReply:
    return ModelReply(text="Half of it", stream_error={"code": code, "message": f"You sent {KEY} and {PROMPT}"})


ROWS = [
    # reply, how often it is asked for, what is said
    pytest.param(_status(401, "invalid_api_key"), 1, "refused the key. Check ROBOCODERS_MODEL_API_KEY", id="key"),
    pytest.param(_status(403), 1, "refused the key", id="forbidden"),
    pytest.param(_status(404, "model_not_found"), 1, "does not know this model. Check the model's name", id="unknown"),
    pytest.param(_status(400, "context_length_exceeded"), 1, "Start a new session", id="overflow"),
    pytest.param(_in_stream("context_length_exceeded"), 1, "Start a new session", id="overflow-in-stream"),
    pytest.param(_status(400, "content_filter"), 1, "content filter", id="filtered-prompt"),
    pytest.param(ModelReply(finish="content_filter"), 1, "content filter", id="filtered"),
    pytest.param(ModelReply(text="Half of it", finish="content_filter"), 1, "content filter", id="filtered-halfway"),
    pytest.param(_status(400, "odd"), 1, "refused the request", id="rejected"),
    pytest.param(_status(429, "insufficient_quota"), 1, "quota or credit is used up", id="quota"),
    pytest.param(_status(429, retry_after="0"), 3, "too many requests", id="rate"),
    pytest.param(_status(429, retry_after="700"), 1, "It asks to wait 700 s.", id="rate-for-long"),
    pytest.param(_status(429, x_should_retry="false"), 1, "too many requests", id="rate-final"),
    pytest.param(_in_stream("rate_limit_exceeded"), 3, "too many requests", id="rate-in-stream"),
    pytest.param(_status(500), 3, "(HTTP 500): it failed", id="failed"),
    pytest.param(_status(503), 3, "not available", id="unavailable"),
    pytest.param(ModelReply(text="Half of it", trouble="silence"), 3, "did not answer in time", id="silence"),
    pytest.param(ModelReply(text="Half of it", trouble="stall"), 3, "did not answer in time", id="stall"),
    pytest.param(ModelReply(text="Half of it", trouble="cut"), 3, "its answer broke off", id="cut"),
    pytest.param(ModelReply(text="Half of it", breaks_off=True), 3, "its answer broke off", id="unfinished"),
]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOCODERS_MODEL_API_KEY", KEY)


def _model(name: str, server: ModelServer, **limits: float) -> Model:
    return resolve_model(name, server.base_url, limits={"*": {**QUICK, **limits}})


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("reply", "times", "said"), ROWS)
async def test_each_failure_ends_the_turn_clearly_and_the_next_one_works(
    desk: Desk, caplog: pytest.LogCaptureFixture, dialect: str, *, reply: ModelReply, times: int, said: str
) -> None:
    """Promise: README, models: a clear `error` that says what to do; the session stays usable."""
    caplog.set_level(logging.DEBUG, "robocoders")
    with ModelServer([*[reply] * times, "Here I am."]) as server:
        model = _model(dialect, server)
        failed = await desk.turn(PROMPT, model)
        assert len(server.received) == times
        assert {request.headers["authorization"] for request in server.received} == {f"Bearer {KEY}"}
        worked = await desk.turn("Again", model, history=[Exchange(PROMPT, failed.text)])
    assert failed.reason == "error"
    assert said in failed.text
    assert (worked.reason, worked.text) == ("finished", "Here I am.")
    told = failed.text + caplog.text + repr(desk.events) + repr(failed) + repr(model)
    assert KEY not in told
    assert PROMPT not in failed.text + caplog.text
    assert "Half" not in failed.text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "trouble",
    [
        _status(429, retry_after="0"),
        _status(503),
        ModelReply(text="Half of it", trouble="cut"),
        ModelReply(text="Half of it", breaks_off=True),
        _in_stream("server_error"),
    ],
    ids=["rate", "unavailable", "cut", "unfinished", "failed-in-stream"],
)
async def test_what_passes_is_not_noticed_and_half_an_answer_is_withdrawn(
    desk: Desk, dialect: str, trouble: ModelReply
) -> None:
    """Promise: README, models: what passes is tried again; nobody keeps half of an answer."""
    with ModelServer([trouble, trouble, "The whole answer."]) as server:
        outcome = await desk.turn("Hello", _model(dialect, server))
    assert (outcome.reason, outcome.text) == ("finished", "The whole answer.")
    assert desk.screen.text == "The whole answer."


async def test_a_provider_that_asks_to_wait_is_waited_for(desk: Desk) -> None:
    """Source: RFC 9110, Retry-After, in seconds and in its milliseconds variant."""
    replies = [_status(429, retry_after="0"), _status(429, retry_after_ms="30"), "Now."]
    with ModelServer(replies) as server:
        outcome = await desk.turn("Hello", _model("x", server, first_wait_seconds=1000))
    assert outcome.text == "Now."


def test_the_wait_is_what_the_provider_says_or_grows_and_is_bounded() -> None:
    """Source: RFC 9110, Retry-After; the bound is ours: a provider cannot make a turn wait for hours."""
    limits = ModelLimits(retries=9, first_wait_seconds=1, longest_wait_seconds=10)
    assert limits.wait_before(0, 7, 0.3) == 7
    assert limits.wait_before(0, 11, 0.3) is None
    assert [limits.wait_before(attempt, None, 1) for attempt in range(5)] == [1, 2, 4, 8, 10]
    assert limits.wait_before(1, None, 0) == 1
    assert limits.wait_before(9, 0, 0) is None


async def test_an_answer_may_not_take_longer_than_its_limit(desk: Desk) -> None:
    """Promise: README, models: limits: `answer_seconds` bounds everything that is tried for one answer."""
    with ModelServer([_status(503)] * 2) as server:
        outcome = await desk.turn("Hello", _model("x", server, answer_seconds=0.4, first_wait_seconds=60))
    assert "did not answer in time" in outcome.text
    assert len(server.received) == 1


@contextmanager
def _a_full_house() -> Generator[int]:
    """A port that takes no further connection and refuses none: its queue is full, as on Linux."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting: list[socket.socket] = []
        try:
            for _ in range(3):
                client = socket.socket()
                client.settimeout(0)
                waiting.append(client)
                client.connect_ex(address)
            yield address[1]
        finally:
            for client in waiting:
                client.close()


async def test_a_connection_that_does_not_come_is_given_up(desk: Desk) -> None:
    """Promise: README, models: limits: `connect_seconds`, apart from how long an answer may stay out."""
    with _a_full_house() as port:
        url = f"http://127.0.0.1:{port}/v1"
        model = resolve_model("x", url, limits={"*": {"connect_seconds": 0.2, "retries": 0}})
        async with asyncio.timeout(60):
            outcome = await desk.turn("Hello", model)
    assert outcome.reason == "error"
    assert "in time" in outcome.text


async def test_a_limit_of_output_is_sent(desk: Desk) -> None:
    """Promise: README, models: limits: `max_output_tokens`."""
    with ModelServer(["Short."]) as server:
        await desk.turn("Hello", _model("x", server, max_output_tokens=99))
    assert 99 in {server.received[0].body.get(name) for name in ("max_tokens", "max_completion_tokens")}


def test_the_most_special_limit_wins_field_by_field() -> None:
    """Promise: README, models: limits: for each model of its own."""
    table = {"ollama:*": {"retries": 1}, "*": {"retries": 5, "idle_seconds": 9}, "ollama:big": {"connect_seconds": 2.5}}
    assert limits_for("ollama:big", table) == ModelLimits(retries=1, idle_seconds=9, connect_seconds=2.5)
    assert limits_for("openai:x", table) == ModelLimits(retries=5, idle_seconds=9)
    assert limits_for("openai:x") == ModelLimits()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patience", 1),
        ("retries", 1.5),
        ("retries", -1),
        ("retries", True),
        ("max_output_tokens", 0),
        ("idle_seconds", "long"),
        ("idle_seconds", -1),
        ("idle_seconds", float("nan")),
        ("idle_seconds", float("inf")),
    ],
)
def test_a_limit_that_is_none_is_named(field: str, value: object) -> None:
    """Promise: ARCHITECTURE, errors: what cannot be used is named, without a traceback."""
    with pytest.raises(ConfigurationError, match=field):
        limits_for("openai:x", {"*": {field: value}})


def test_an_error_without_words_keeps_what_it_is() -> None:
    """Promise: ARCHITECTURE, invariant 7: records of a turn hold an error's type and status, no key."""
    cause = ValueError(KEY)
    error = ModelHTTPError(429, "x", {"message": KEY}, headers={"retry-after": "7", "x": KEY}, hint=KEY)
    error.__cause__ = cause
    kept = without_words(error)
    again = pickle.loads(pickle.dumps(kept))
    assert (again.status_code, again.retry_after, again.model_name) == (429, 7, "x")
    assert KEY not in repr(kept) + str(kept) + repr(vars(kept)) + repr(pickle.dumps(kept))
    assert kept.__cause__ is None


def test_a_provider_may_say_itself_whether_to_try_again() -> None:
    """Source: the header x-should-retry of OpenAI and Anthropic, which their own libraries heed."""
    assert may_pass(ModelHTTPError(400, "x", headers={"x-should-retry": "true"}))
    assert not may_pass(ModelHTTPError(400, "x"))
    assert not may_pass(AgentRunError("no"))


def test_what_wraps_a_model_stands_inside_its_patience() -> None:
    """Promise: ARCHITECTURE, models: a request that is tried again withdraws first what it had shown."""
    scripted = ScriptedModel(["Hello."])
    patient = PatientModel(scripted, ModelLimits(retries=7))
    wrapped = patiently(patient, lambda model: SpeakingModel(model, SilentLive()))
    assert isinstance(wrapped, PatientModel)
    assert isinstance(wrapped.wrapped, SpeakingModel)
    assert wrapped.limits.retries == 7
    assert patiently(scripted, lambda model: model) is scripted


async def test_a_stream_is_tried_again_until_it_begins_and_has_no_words_in_its_errors() -> None:
    """Promise: README, models: what passes is tried again."""
    parameters = ModelRequestParameters()
    messages = [ModelRequest.user_text_prompt(PROMPT)]
    with ModelServer([_status(503), "Well.", ModelReply(text="Half of it", trouble="cut")]) as server:
        model = _model("x", server)
        async with model, model.request_stream(list(messages), None, parameters) as stream:
            assert [event async for event in stream]
        with pytest.raises(AgentRunError) as caught:
            async with model, model.request_stream(list(messages), None, parameters) as stream:
                assert [event async for event in stream]
    assert caught.value.__cause__ is None


async def test_a_timeout_of_somebody_else_is_not_taken_for_the_limit() -> None:
    """Promise: ours; what a deadline of the caller's raises comes out unchanged."""
    model = PatientModel(ScriptedModel([Step(error=TimeoutError("other"))]), ModelLimits())
    with pytest.raises(TimeoutError, match="other"):
        await model.request([], None, ModelRequestParameters())


async def test_the_limit_is_named_when_it_is_over() -> None:
    """Promise: README, models: limits: `answer_seconds`."""
    model = PatientModel(ScriptedModel([Step(before=asyncio.Event().wait)]), ModelLimits(answer_seconds=0.05))
    with pytest.raises(ModelRequestTimeout):
        await model.request([], None, ModelRequestParameters())
