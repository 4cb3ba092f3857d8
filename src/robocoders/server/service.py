"""What the routes work with, and how they get at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from robocoders.engine.runner import Engine
from robocoders.server.access import Access, Caller
from robocoders.server.edge import Activity
from robocoders.server.settings import Settings
from robocoders.store import Store

__all__ = ["CallerDep", "Service", "ServiceDep"]


@dataclass(frozen=True)
class Service:
    """One running server's parts.

    Args:
        settings: How it is to run.
        store: The event log.
        engine: What runs turns.
        access: Who is calling.
        activity: What is being answered.
        now_us: The clock, UTC microseconds.
        ending: Set when open streams have to end.
    """

    settings: Settings
    store: Store
    engine: Engine
    access: Access
    activity: Activity
    now_us: Callable[[], int]
    ending: asyncio.Event = field(default_factory=asyncio.Event)


def _service(request: Request) -> Service:
    return request.app.state.service


ServiceDep = Annotated[Service, Depends(_service)]

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", bearerFormat="JWT", description="A token from `/auth`, or a static one."
)


async def _caller(
    request: Request,
    service: ServiceDep,
    _described: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    return await service.access.identify(request.headers.get("authorization"))


CallerDep = Annotated[Caller, Depends(_caller)]
