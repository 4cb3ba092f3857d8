"""Whether OpenAI's clients, which try many a failure again by themselves, are to do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robocoders.wire.protocol import IDEMPOTENCY_KEY_HEADER

if TYPE_CHECKING:
    from starlette.requests import Request

    from robocoders.engine.runner import TurnHandle

__all__ = ["retry_headers"]


def retry_headers(status: int, request: Request, handle: TurnHandle) -> dict[str, str]:
    """The headers that say so: only what would not run a prompt a second time, and could help.

    Args:
        status: The status of the failure.
        request: The request that has failed.
        handle: What it had come to.
    """
    is_once = IDEMPOTENCY_KEY_HEADER in request.headers or handle.begins_after != handle.turn.after_event_id
    return {"Retry-After": "2"} if status == 503 and is_once else {"x-should-retry": "false"}
