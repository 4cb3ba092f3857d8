"""Coding agents over the Robocoders protocol: the provider, a typed client, a command and a self-hosted service.

The names below load their modules when they are first used; importing the package loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robocoders.client.async_client import AsyncRobocoders
    from robocoders.client.async_session import AsyncSession
    from robocoders.client.blocking_client import Robocoders
    from robocoders.client.blocking_events import Events, LiveEvents
    from robocoders.client.blocking_session import Session
    from robocoders.client.replies import Code, Reply, SessionInfo
    from robocoders.errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        ConfigurationError,
        ConflictError,
        MissingRequirementsError,
        NotFoundError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        RobocodersError,
        ServerError,
        StreamError,
        ValidationError,
    )
    from robocoders.events import Event, TextDelta, TextReset
    from robocoders.providers.RobocodersAPI import RobocodersAPI

__version__ = "0.3.0"

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncRobocoders",
    "AsyncSession",
    "AuthenticationError",
    "Code",
    "ConfigurationError",
    "ConflictError",
    "Event",
    "Events",
    "LiveEvents",
    "MissingRequirementsError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "Reply",
    "Robocoders",
    "RobocodersAPI",
    "RobocodersError",
    "ServerError",
    "Session",
    "SessionInfo",
    "StreamError",
    "TextDelta",
    "TextReset",
    "ValidationError",
    "__version__",
]

_MODULES = {
    "AsyncRobocoders": "client.async_client",
    "AsyncSession": "client.async_session",
    "Code": "client.replies",
    "Event": "events",
    "Events": "client.blocking_events",
    "LiveEvents": "client.blocking_events",
    "Reply": "client.replies",
    "Robocoders": "client.blocking_client",
    "RobocodersAPI": "providers.RobocodersAPI",
    "Session": "client.blocking_session",
    "SessionInfo": "client.replies",
    "TextDelta": "events",
    "TextReset": "events",
}
"""Where a name is; every other one is an error."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - importing the package does no work

    value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
