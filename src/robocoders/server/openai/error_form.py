"""The form of answers that are no success below `/v1`, and what OpenAI's clients make of them.

Those clients try 408, 409, 429 and 5xx again by themselves, with or without a key: so whatever might run a prompt a
second time says `x-should-retry: false`, which they heed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from robocoders.wire.openai.errors import error_object, place_name

__all__ = ["openai_failure", "speaks_openai"]

_PREFIX: Final = "/v1"
_STATUSES: Final = {422: 400}
"""What is invalid about a request is a 400 there."""
_CODES: Final = {401: "invalid_api_key"}


def speaks_openai(path: str) -> bool:
    """Whether a path belongs to OpenAI's dialects, whatever is or is not there."""
    return path == _PREFIX or path.startswith(f"{_PREFIX}/")


def openai_failure(
    status: int,
    code: str,
    detail: str | list[dict[str, Any]],
    headers: Mapping[str, str],
    *,
    param: str | None = None,
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and body of an answer that is no success.

    Args:
        status: The status as the other routes have it.
        code: What is wrong, for programs.
        detail: The same for people, or the list of what is invalid.
        headers: Further headers.
        param: Which parameter is wrong.
    """
    message = detail if isinstance(detail, str) else "; ".join(_sentence(item) for item in detail)
    if not isinstance(detail, str) and detail:
        param, code = place_name(detail[0]["loc"][1:]) or None, detail[0]["type"]
    all_headers = dict(headers)
    wait = all_headers.get("Retry-After")
    if wait is not None:
        all_headers["retry-after-ms"] = str(int(wait) * 1000)
    elif status == 409 or status >= 500:
        all_headers.setdefault("x-should-retry", "false")
    body = error_object(status, _CODES.get(status, code), message, param=param)
    return _STATUSES.get(status, status), all_headers, body


def _sentence(item: Mapping[str, Any]) -> str:
    place = place_name(item["loc"][1:])
    return f"{place}: {item['msg']}" if place else str(item["msg"])
