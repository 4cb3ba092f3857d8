"""Hooks for Schemathesis, which loads this module in its own process: they lead some of its calls to what exists.

Most of what is generated at random names no session, no response and no agent, and so gets no further than 404. Only
calls that are meant to be valid are led on; those that are meant to be refused are sent as they were generated.
"""

from __future__ import annotations

import base64
import os
import re
from collections import deque
from collections.abc import MutableMapping
from itertools import count
from typing import Any, Final, cast

import schemathesis

__all__ = ["SIGN_IN_KEY", "TOKEN"]

TOKEN: Final = "GENERATED_CALLS_TOKEN"
"""The variable with the token that calls are signed with; absent: none is."""

SIGN_IN_KEY: Final = "GENERATED_CALLS_SIGN_IN_KEY"
"""The variable with the server's sign-in key, which `/auth` wants to see."""

POSITIVE: Final = schemathesis.GenerationMode.POSITIVE

_IDS: Final = re.compile(rb'"(?:sid|conversation)":\s*(?:\{"id":\s*)?"([0-9a-f-]{36})"')
_RESPONSES: Final = re.compile(rb'"(resp_[0-9a-f]{32})"')
_TOKEN: Final = re.compile(rb'id="token">\s*(\S+)\s*</pre>')

_calls = count()
_sessions = deque[str](maxlen=8)
_responses = deque[str](maxlen=8)
_spare_tokens = deque[str](maxlen=8)


@schemathesis.auth(refresh_interval=None)  # pyright: ignore[reportUnknownMemberType] - its type is left open there
class Signed:
    """Signs what Schemathesis wants to have signed."""

    def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str | None:
        return os.environ.get(TOKEN)

    def set(self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext) -> None:
        _headers(case)["Authorization"] = f"Bearer {data}"
        if case.path == "/auth" and case.method == "GET":
            pair = base64.b64encode(f"anyone:{os.environ[SIGN_IN_KEY]}".encode()).decode()
            _headers(case)["Authorization"] = f"Basic {pair}"
        elif case.path == "/auth" and case.method == "DELETE":
            # This revokes the token, so it is done with one that nobody else needs.
            _headers(case)["Authorization"] = f"Bearer {_spare_tokens.pop() if _spare_tokens else 'none'}"


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - its type is left open there
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Lead what is signed and meant to be valid on."""
    if TOKEN in os.environ and case.meta is not None and case.meta.generation.mode == POSITIVE:
        number = next(_calls)
        if number % 3:
            _name_what_exists(case, number)


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] - its type is left open there
def after_call(
    _context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
) -> None:
    """Remember what came to be."""
    if response.status_code == 200 and case.method != "DELETE":
        for pattern, found in ((_IDS, _sessions), (_RESPONSES, _responses), (_TOKEN, _spare_tokens)):
            found.extend(name.decode() for name in pattern.findall(response.content) if name.decode() not in found)


def _name_what_exists(case: schemathesis.Case[Any], number: int) -> None:
    body = cast("dict[str, Any]", case.body) if isinstance(case.body, dict) else {}
    for place, name, known in (
        (case.path_parameters, "sid", _sessions),
        (case.path_parameters, "response_id", _responses),
        (body, "sid", _sessions),
        (body, "previous_response_id", _responses),
    ):
        if place and name in place and known:
            # What is deleted is not asked for again.
            is_kept = place is body or case.method != "DELETE"
            place[name] = known[number % len(known)] if is_kept else known.pop()
    if case.path.startswith("/v1/") and "model" in body:
        body["model"] = "RepoAgent"
    if body.get("previous_response_id"):
        body.pop("conversation", None)
        _headers(case).pop("X-Session-ID", None)
    if _headers(case).get("Idempotency-Key"):
        _headers(case)["Idempotency-Key"] = f"key-{number}"


def _headers(case: schemathesis.Case[Any]) -> MutableMapping[str, str]:
    return cast("MutableMapping[str, str]", case.headers)  # pyright: ignore[reportUnknownMemberType] - untyped there
