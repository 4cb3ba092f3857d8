"""The one form of every answer that is no success.

`{"detail": ..., "code": "snake_case", "request_id": "..."}`: `detail` is a sentence, or for 422 a list of objects with
exactly `loc`, `msg` and `type` (protocol fact: the original's validation errors). What was sent is never echoed.
Below `/v1` it is OpenAI's form instead (`robocoders.server.openai.error_form`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from robocoders.errors import StoreError, StoreFullError
from robocoders.server.openai.error_form import openai_failure, speaks_openai
from robocoders.store import KeyReusedError
from robocoders.wire.openai.errors import ParameterError
from robocoders.wire.protocol import IDEMPOTENCY_KEY_HEADER

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI, Request
    from starlette.types import Scope

__all__ = [
    "ApiError",
    "error_response",
    "install_error_handlers",
    "invalid",
    "starting",
    "stopping",
    "storage_failure",
    "unauthorized",
]

_log = logging.getLogger("robocoders.server")

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class ApiError(Exception):
    """An answer that is no success.

    Args:
        status: The HTTP status.
        code: What is wrong, for programs.
        detail: What is wrong and what to do about it, for people; for 422 the list of what is invalid.
        headers: Further headers of the answer.
        param: Which parameter is wrong, for routes of OpenAI's dialects.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | list[dict[str, Any]],
        headers: Mapping[str, str] | None = None,
        *,
        param: str | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.param = param


def invalid(loc: Sequence[str | int], message: str, kind: str) -> ApiError:
    """The 422 for one place of a request."""
    return ApiError(422, "invalid_request", [{"loc": list(loc), "msg": message, "type": kind}])


def unauthorized(code: str, detail: str) -> ApiError:
    """The 401 for a token or a session that cannot be used.

    A missing `Authorization` header gets it too, where the original answered 422: old clients throw their cached token
    away on 401 alone (protocol fact).
    """
    return ApiError(401, code, detail, {"WWW-Authenticate": "Bearer"})


def stopping() -> ApiError:
    """The 503 of a server on its way out; another one may soon be there."""
    return ApiError(503, "stopping", "The server is stopping.", {"Retry-After": "2"})


def starting() -> ApiError:
    """The 503 of a server that answers already, but runs no turns yet; prompts that come now wait for that."""
    return ApiError(503, "starting", "The server is starting: prompts that it takes now wait.", {"Retry-After": "1"})


def error_response(scope: Scope, error: ApiError) -> JSONResponse:
    """The answer itself, in the form of the dialect that the request's path belongs to.

    Args:
        scope: The request's; it has a request id.
        error: What is to be said.
    """
    request_id: str = scope["state"]["request_id"]
    if speaks_openai(scope["path"]):
        status, headers, body = openai_failure(
            error.status, error.code, error.detail, error.headers or {}, param=error.param
        )
    else:
        status, headers = error.status, {**(error.headers or {})}
        body = {"detail": error.detail, "code": error.code, "request_id": request_id}
    return JSONResponse(body, status, headers={"Cache-Control": "no-store", **headers})


def install_error_handlers(app: FastAPI, routers: Sequence[APIRouter] = ()) -> None:
    """Give every failure of the application this form.

    Args:
        app: The application.
        routers: Its routers, which know together which methods a path has.
    """
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(ParameterError, _parameter_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, partial(_http_error, routers))
    app.add_exception_handler(StoreError, _store_error)
    app.add_exception_handler(KeyReusedError, _key_reused)


async def _key_reused(request: Request, _error: Exception) -> Response:
    text = "This idempotency key has been used with another request: another body, or another route."
    return error_response(request.scope, invalid(["header", IDEMPOTENCY_KEY_HEADER], text, "idempotency_key_reused"))


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(request.scope, error)


async def _parameter_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ParameterError)
    return error_response(request.scope, ApiError(400, error.code, error.message, param=error.param))


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items = [{"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]} for item in error.errors()]
    return error_response(request.scope, ApiError(422, "invalid_request", items))


async def _http_error(routers: Sequence[APIRouter], request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http_error")
    headers = dict(error.headers or {})
    allowed = _methods(routers, request.url.path) if error.status_code == 405 else ()
    if allowed:
        # The framework names those of one route only, where RFC 9110 (10.2.1) has those of the path.
        headers["Allow"] = ", ".join(allowed)
    return error_response(request.scope, ApiError(error.status_code, code, str(error.detail), headers))


def _methods(routers: Sequence[APIRouter], path: str) -> list[str]:
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    return sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})


async def _store_error(request: Request, error: Exception) -> Response:
    """A database that fails is the operator's to mend: the reason goes to the log, the caller learns the kind."""
    _log.error("request %s: %s", request.state.request_id, error)
    return error_response(request.scope, storage_failure(error))


def storage_failure(error: Exception) -> ApiError:
    """The 507 or 503 for a database that has no space left, or fails otherwise."""
    if isinstance(error, StoreFullError):
        return ApiError(507, "storage_full", "The server has no space left for its database.")
    text = "The server cannot read or write its database."
    return ApiError(503, "storage_unavailable", text, {"Retry-After": "5"})
