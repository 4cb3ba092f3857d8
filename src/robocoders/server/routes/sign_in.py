"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from robocoders.server.answers import ANYWHERE, failing
from robocoders.server.bodies import SignedOut
from robocoders.server.failures import ApiError
from robocoders.server.service import CallerDep, ServiceDep
from robocoders.server.token_page import token_page

__all__ = ["router"]

router = APIRouter(tags=["access"])

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="robocoders sign-in key", charset="UTF-8"'}
"""Makes a browser ask for user name and password (RFC 7617)."""


@router.get(
    "/auth",
    summary="Show a token",
    response_class=HTMLResponse,
    responses=ANYWHERE | failing(422, 507, s401="`local` mode: the sign-in key is missing or wrong."),
)
async def sign_in(
    request: Request,
    service: ServiceDep,
    sub: Annotated[str | None, Query(description="A further user's name; absent: the server's own user.")] = None,
) -> HTMLResponse:
    """A page with a new bearer token inside `<pre ... id="token">`.

    In `local` mode it wants the server's sign-in key as HTTP Basic password, with any user name; in `open` mode it
    wants nothing. The token is a JWT that is valid for a year.
    """
    if not service.access.may_sign_in(request.headers.get("authorization")):
        text = (
            "This server shows a token to whoever gives its sign-in key: any user name, the key as password. "
            "On the machine it runs on, `robocoders login` does that by itself."
        )
        raise ApiError(401, "sign_in_required", text, _CHALLENGE)
    return token_page(await service.access.mint(sub))


@router.delete(
    "/auth",
    summary="Sign out: revoke the token this request is sent with",
    responses=ANYWHERE | failing(401, 507),
)
async def sign_out(service: ServiceDep, caller: CallerDep) -> SignedOut:
    """The token is worth nothing from now on. Static tokens (`--accept-token`) cannot be revoked: 403."""
    await service.access.sign_out(caller)
    return SignedOut()
