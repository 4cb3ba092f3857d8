"""Each HTTP status as an error, and bodies cleaned of what must not be kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from robocoders.errors import (
    APIStatusError,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from robocoders.wire.protocol import REQUEST_ID_HEADER
from robocoders.wire.retrying import retry_after_seconds

__all__ = ["clean_body", "error_for_status"]

_LONGEST_BODY = 2_000
"""Characters kept of a body that is no JSON, and of any text in one that is."""

_SHORTEST_SOUGHT = 3
"""A shorter prompt is hidden only where it stands alone: a single letter is part of every text."""

_CLASSES: dict[int, tuple[type[APIStatusError], str]] = {
    401: (AuthenticationError, "the server does not accept the token; sign in again"),
    403: (PermissionDeniedError, "the server refuses this request"),
    404: (NotFoundError, "the server has no such thing, or none of yours"),
    409: (ConflictError, "the session is busy"),
    422: (ValidationError, "the server does not take the request in this form"),
    429: (RateLimitError, "too many requests"),
}


def error_for_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    secrets: Iterable[str] = (),
    session_id: str | None = None,
) -> APIStatusError:
    """Return the error of an answer whose status is no success.

    Args:
        status: The HTTP status.
        headers: The answer's headers; names in any case.
        body: The answer's body as it came.
        now: UTC seconds since 1970, for a `Retry-After` that is a date.
        secrets: Tokens, keys and prompts that must not be kept.
        session_id: The session concerned.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    cleaned = clean_body(body, secrets)
    kind, meaning = _CLASSES.get(status, (ServerError, "the server failed") if status >= 500 else (APIStatusError, ""))
    told = _told(cleaned)
    text = f"HTTP {status}: {meaning or 'the server answers with a status that is no success'}"
    return kind(
        f"{text}: {told}" if told else text,
        status=status,
        body=cleaned,
        retry_after_seconds=retry_after_seconds(lowered, now),
        session_id=session_id,
        request_id=lowered.get(REQUEST_ID_HEADER),
    )


def clean_body(body: bytes, secrets: Iterable[str] = ()) -> Any:
    """Return a body as JSON where it is JSON, else as text, without secrets and without what was sent.

    The items of a validation error keep `loc`, `msg` and `type` only: some servers echo the input.
    """
    text = body.decode("utf-8", "replace")
    hidden = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return _hide(text, hidden) or None
    return _clean(decoded, hidden)


def _clean(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, str):
        return _hide(value, hidden)
    if isinstance(value, list):
        return [_clean(item, hidden) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if {"loc", "msg"} <= fields.keys():
            fields = {name: fields[name] for name in ("loc", "msg", "type") if name in fields}
        return {_hide(name, hidden): _clean(item, hidden) for name, item in fields.items()}
    return value


def _hide(text: str, hidden: list[str]) -> str:
    for secret in hidden:
        if len(secret) >= _SHORTEST_SOUGHT:
            text = text.replace(secret, "[hidden]")
        elif text.strip() == secret:
            return "[hidden]"
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]} [cut]"


def _told(cleaned: Any) -> str:
    """Return the server's own words, where it has some for people."""
    if not isinstance(cleaned, dict):
        return ""
    detail = cast("dict[str, Any]", cleaned).get("detail")
    if isinstance(detail, str):
        return detail
    if not isinstance(detail, list):
        return ""
    lines: list[str] = []
    for item in cast("list[Any]", detail):
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            place = fields.get("loc")
            where = ".".join(str(part) for part in cast("list[Any]", place)) if isinstance(place, list) else ""
            lines.append(f"{where}: {fields.get('msg', '')}" if where else str(fields.get("msg", "")))
    return "; ".join(lines)
