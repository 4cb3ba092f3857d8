"""When a token that is a JWT expires. Its signature is the server's business; to a client it is opaque otherwise."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, cast

__all__ = ["expires_at", "is_expired"]


def expires_at(token: str) -> float | None:
    """The `exp` claim (RFC 7519, 4.1.4) in UTC seconds since 1970; None where the token is no JWT or has none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    expiry = cast("dict[str, Any]", claims).get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, (int, float)):
        return None
    try:
        seconds = float(expiry)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def is_expired(token: str, now: float) -> bool:
    """Whether the token says that it is no longer valid at `now` (UTC seconds since 1970)."""
    expiry = expires_at(token)
    return expiry is not None and expiry <= now
