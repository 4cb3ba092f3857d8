"""JSON bodies that are no stream."""

from __future__ import annotations

import pytest

from robocoders.errors import ProtocolError
from robocoders.wire.answers import json_object, session_code_from_body, session_id_from_body


def test_the_sid_is_read() -> None:
    """Protocol fact: create-session answers an object with `sid`."""
    assert session_id_from_body(b'{"sid": "abc", "new": 1}') == "abc"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"sid": ""}', b'{"sid": null}', b"[]", b"null", b"<html>", b"", b"[" * 100_000]
)
def test_an_answer_without_a_sid_is_a_protocol_error(body: bytes) -> None:
    """Promise: no sid is an error, never None."""
    with pytest.raises(ProtocolError, match="create-session"):
        session_id_from_body(body)


def test_a_code_may_be_missing() -> None:
    """Protocol fact: get-session-code answers null when it fails."""
    assert session_code_from_body(b" null\n") is None
    assert session_code_from_body(b'{"repo_url": "u", "message": "m"}') == ("u", "m")
    assert session_code_from_body(b'{"repo_url": "u", "message": null}') == ("u", "")
    with pytest.raises(ProtocolError, match="repo_url"):
        session_code_from_body(b"{}")


def test_an_object_is_given_as_it_is() -> None:
    """Promise: answers of our own routes are objects."""
    assert json_object(b'{"a": [1]}', "sessions") == {"a": [1]}
