"""The client: typed fronts, and where things lie on this machine. Importing it does no work.

The names below load their modules when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robocoders.client.async_client import AsyncRobocoders
    from robocoders.client.async_session import AsyncSession
    from robocoders.client.blocking_client import Robocoders
    from robocoders.client.blocking_events import Events, LiveEvents
    from robocoders.client.blocking_session import Session
    from robocoders.client.replies import Code, Reply, SessionInfo

__all__ = [
    "AsyncRobocoders",
    "AsyncSession",
    "Code",
    "Events",
    "LiveEvents",
    "Reply",
    "Robocoders",
    "Session",
    "SessionInfo",
]

_MODULES = {
    "AsyncRobocoders": "async_client",
    "AsyncSession": "async_session",
    "Code": "replies",
    "Events": "blocking_events",
    "LiveEvents": "blocking_events",
    "Reply": "replies",
    "Robocoders": "blocking_client",
    "Session": "blocking_session",
    "SessionInfo": "replies",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
