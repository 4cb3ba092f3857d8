"""Request bodies and ids, read strictly: whatever is sent ends as a value or as a clear refusal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from robocoders.server.bodies import RequestBody
from robocoders.server.failures import ApiError, invalid

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["BODY_LIMIT_BYTES", "LARGEST_ID", "canonical_sid", "read_body", "read_idempotency_key"]

BODY_LIMIT_BYTES = 8 * 1024 * 1024

LARGEST_ID = 2**63 - 1
"""Ids are 64-bit numbers with a sign."""

_DRAIN_LIMIT_BYTES = 8 * BODY_LIMIT_BYTES
"""A body that is too long is read and dropped up to here, so that its sender gets to read the answer."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_KEY = re.compile(r"[ -~]{1,255}")

BodyT = TypeVar("BodyT", bound=RequestBody)


async def read_body(request: Request, kind: type[BodyT], *, optional: bool = False) -> BodyT:
    """Read a JSON body, whatever its `Content-Type`.

    Args:
        request: The request; its body has not been read yet.
        kind: What the body must be.
        optional: An empty body counts as `{}`.

    Raises:
        ApiError: 413 above 8 MiB; 422 when it is no UTF-8, no JSON or not of that form.
    """
    body = await _read_bytes(request)
    if optional and not body.strip():
        body = b"{}"
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise invalid(["body"], "The body is no valid JSON in UTF-8.", "json_invalid")
    items = [{"loc": ["body", *item["loc"]], "msg": item["msg"], "type": item["type"]} for item in found]
    raise ApiError(422, "invalid_request", items)


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    dropped = 0
    async for chunk in request.stream():
        if dropped or len(body) + len(chunk) > BODY_LIMIT_BYTES:
            dropped += len(chunk)
            body.clear()
        else:
            body += chunk
        if dropped > _DRAIN_LIMIT_BYTES:
            break
    if dropped:
        # Without this the rest of the body would still be read, to get at a next request behind it.
        close = {"Connection": "close"}
        raise ApiError(413, "too_large", f"The body is longer than {BODY_LIMIT_BYTES} bytes.", close)
    return bytes(body)


def canonical_sid(sid: str) -> str | None:
    """The session id in its one form, a lower-case UUID with hyphens; None where it is none."""
    lower = sid.lower()
    return lower if _UUID.fullmatch(lower) else None


def read_idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key`; None where the request has none.

    Raises:
        ApiError: 422, it is empty, longer than 255 characters, or not printable ASCII.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        text = "An idempotency key has 1 to 255 printable ASCII characters."
        raise invalid(["header", "Idempotency-Key"], text, "idempotency_key")
    return key
