from __future__ import annotations

import json

import pytest

from robocoders.wire.openai.endings import failure_of
from robocoders.wire.openai.errors import ParameterError, error_object, place_name
from robocoders.wire.openai.frames import DONE_FRAME, data_frame, named_frame
from robocoders.wire.openai.models import ModelName, model_list, model_object, read_model_name
from robocoders.wire.openai.usage import Usage
from robocoders.wire.protocol import AGENT_NAMES, Reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (409, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (503, "server_error"),
    ],
)
def test_an_error_says_its_kind(status: int, kind: str) -> None:
    """Fact: OpenAI's API reference, the form of errors."""
    assert error_object(status, "code", "Text.", param="n") == {
        "error": {"message": "Text.", "type": kind, "param": "n", "code": "code"}
    }


def test_a_place_is_written_as_openai_does() -> None:
    """Fact: OpenAI names what is wrong as `messages[0].content`."""
    assert place_name(("messages", 0, "content", 1, "text")) == "messages[0].content[1].text"
    assert place_name(()) == ""
    error = ParameterError("n", "One answer.", "too_many")
    assert (error.param, error.message, error.code, str(error)) == ("n", "One answer.", "too_many", "One answer.")


def test_a_frame_is_one_line_of_ascii() -> None:
    """Source: WHATWG HTML, server-sent events (a line end would end the field)."""
    value = {"type": "a.b", "text": "é\n\u2028😀"}
    frame = data_frame(value)
    assert frame.startswith(b"data: {")
    assert frame.endswith(b"}\n\n")
    assert frame.count(b"\n") == 2
    assert json.loads(frame.decode("ascii").removeprefix("data: ")) == value
    assert named_frame(value) == b"event: a.b\n" + frame
    assert DONE_FRAME == b"data: [DONE]\n\n"


def test_usage_is_told_in_both_dialects() -> None:
    """Fact: OpenAI's API reference, `usage` of chat completions and of responses."""
    usage = Usage(700, 30)
    chat, response = usage.in_chat, usage.in_response
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (700, 30, 730)
    assert (response["input_tokens"], response["output_tokens"], response["total_tokens"]) == (700, 30, 730)
    details = [chat["prompt_tokens_details"], chat["completion_tokens_details"]]
    details += [response["input_tokens_details"], response["output_tokens_details"]]
    assert {value for detail in details for value in detail.values()} == {0}


def test_usage_is_read_from_a_turns_counts() -> None:
    """Promise: docs/openai.md, usage (what the log says; what it does not say is nothing)."""
    assert Usage.of({"input_tokens": 7, "output_tokens": 3, "requests": 2}) == Usage(7, 3)
    assert Usage.of({"input_tokens": -1, "output_tokens": True}) == Usage()
    assert Usage.of(None) == Usage.of({}) == Usage.of([7]) == Usage()


def test_usage_of_a_part_is_a_difference() -> None:
    """Promise: docs/openai.md, usage (of this answer, not of the whole turn)."""
    assert Usage(10, 5).since(Usage(4, 1)) == Usage(6, 4)
    assert Usage(1, 1).since(Usage(4, 4)) == Usage()


def test_a_models_name_chooses_agent_and_language_model() -> None:
    """Promise: docs/openai.md, models (`AGENT`, or `AGENT/PROVIDER:NAME`; a name may hold slashes and colons)."""
    assert [read_model_name(name) for name in AGENT_NAMES] == [ModelName(name) for name in AGENT_NAMES]
    assert read_model_name("RepoAgent/ollama:a/b:c") == ModelName("RepoAgent", "ollama:a/b:c")
    wrong = ["", "gpt-4o", "repoagent", "RepoAgent/", "RepoAgent/ ", "/x", "RepoAgent/" + "x" * 300]
    assert [read_model_name(name) for name in wrong] == [None] * len(wrong)


def test_models_are_listed() -> None:
    """Fact: OpenAI's API reference, the objects `list` and `model`."""
    found = model_list(7)
    assert (found["object"], [model["id"] for model in found["data"]]) == ("list", list(AGENT_NAMES))
    assert model_object("x", 7) == {"id": "x", "object": "model", "created": 7, "owned_by": "robocoders"}


def test_only_errors_and_cancellation_are_failures() -> None:
    """Promise: docs/openai.md, ends (limits and questions are answers)."""
    failed = {reason: failure_of(reason, "Why.") for reason in Reason.ALL}
    assert {reason for reason, failure in failed.items() if failure is not None} == {Reason.ERROR, Reason.CANCELLED}
    error, cancelled = failed[Reason.ERROR], failed[Reason.CANCELLED]
    assert error is not None
    assert cancelled is not None
    assert (error.status, error.code, error.message) == (500, "turn_failed", "Why.")
    assert (cancelled.status, cancelled.code) == (409, "cancelled")
    assert failure_of(None, "x") is None
