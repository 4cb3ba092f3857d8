"""Whether the server lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter

from robocoders.server.answers import failing
from robocoders.server.bodies import Health
from robocoders.server.failures import starting, stopping
from robocoders.server.service import ServiceDep

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Does the server live?")
async def healthz() -> Health:
    """Answers as long as the process does. Needs no token and no particular `Host`."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can the server work?",
    responses=failing(500, 507, s503="The server is starting or stopping, or its database cannot be used."),
)
async def readyz(service: ServiceDep) -> Health:
    """Answers 200 when prompts can be taken and run. Needs no token and no particular `Host`."""
    if service.activity.stopping:
        raise stopping()
    if not service.engine.ready:
        raise starting()
    await service.store.ready()
    return Health(status="ready")
