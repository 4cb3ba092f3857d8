"""Types of the provider's surface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import aiohttp

__all__ = ["AsyncResult", "Message", "Messages", "ProviderOptions"]

Message = Mapping[str, Any]
"""`{"role": str, "content": str or a list of parts}`; of a part, `{"type": "text", "text": str}` counts."""

Messages = Sequence[Message]
"""A conversation, oldest message first."""

AsyncResult = AsyncIterator[str]
"""Pieces of an answer; joined without a separator they read as text."""


class ProviderOptions(TypedDict, total=False):
    """What `RobocodersAPI.create_async_generator` takes by keyword; anything else is ignored."""

    base_url: str
    """The server's address, for instance `http://127.0.0.1:8760`."""
    timeout: float | aiohttp.ClientTimeout
    """Seconds of silence after which the answer counts as lost (default 60), or aiohttp's own setting."""
    session_id: str
    """A session to use instead of the cached one."""
    max_continues: int
    """How often to go on by itself at a limit (default 8)."""
    steps: bool
    """False: only the answer, not the steps before it."""
