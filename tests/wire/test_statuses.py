"""Each status as an error."""

from __future__ import annotations

import json
import pickle

import pytest

from robocoders import errors
from robocoders.wire.statuses import clean_body, error_for_status

TOKEN = "header.payload.signature"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.APIStatusError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (418, errors.APIStatusError),
        (422, errors.ValidationError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (503, errors.ServerError),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[errors.APIStatusError]) -> None:
    """Promise: the tree of errors."""
    error = error_for_status(status, {"X-Request-ID": "r1"}, b"", now=0, session_id="s")

    assert type(error) is kind
    assert (error.status, error.request_id, error.session_id, error.body) == (status, "r1", "s", None)
    assert str(status) in str(error)


def test_the_words_of_the_server_are_told() -> None:
    """Promise: an error says what is wrong."""
    body = json.dumps({"detail": [{"loc": ["body", "sid"], "msg": "none"}, {"msg": "bare"}, "odd"]}).encode()

    assert str(error_for_status(422, {}, body, now=0)).endswith(": body.sid: none; bare")
    assert str(error_for_status(403, {}, b'{"detail": "Host"}', now=0)).endswith(": Host")
    assert str(error_for_status(403, {}, b'{"detail": 1}', now=0)).endswith("request")
    assert str(error_for_status(403, {}, b"[1]", now=0)).endswith("request")


def test_what_was_sent_is_not_kept() -> None:
    """Promise: errors never hold a token or a prompt."""
    items = [{"loc": ["body"], "msg": "bad my prompt", "type": "t", "input": "my prompt", "ctx": {"a": TOKEN}}]
    body = json.dumps({"detail": items, "my prompt": [TOKEN, 1]}).encode()

    error = error_for_status(422, {}, body, now=0, secrets=(TOKEN, "my prompt", ""))

    assert error.body == {
        "detail": [{"loc": ["body"], "msg": "bad [hidden]", "type": "t"}],
        "[hidden]": ["[hidden]", 1],
    }
    assert "my prompt" not in str(error)


def test_a_short_prompt_leaves_the_servers_words_alone() -> None:
    """Promise: an error says what is wrong, whatever was asked."""
    error = error_for_status(422, {}, b'{"detail": "the agent is unknown", "sent": "e"}', now=0, secrets=("e",))

    assert error.body == {"detail": "the agent is unknown", "sent": "[hidden]"}


def test_a_page_instead_of_json_is_kept_short() -> None:
    """Promise: HTML instead of JSON ends as documented."""
    assert clean_body(b"<html>" + b"x" * 9_000) == "<html>" + "x" * 1_994 + " [cut]"
    assert clean_body(b"[" * 100_000) == "[" * 2_000 + " [cut]"


def test_the_wait_a_server_asks_for_is_data() -> None:
    """Promise: `retry_after_seconds` says how long to wait."""
    assert error_for_status(429, {"Retry-After": "7"}, b"", now=0).retry_after_seconds == 7


def test_errors_survive_pickling() -> None:
    """Promise: errors carry data and survive pickling."""
    error = error_for_status(429, {"Retry-After": "7"}, b'{"detail": "slow"}', now=0, session_id="s")

    again = pickle.loads(pickle.dumps(error))

    assert type(again) is errors.RateLimitError
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)
