"""The OpenAPI description and the page that shows it. The page has no script and needs nothing from elsewhere."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request  # noqa: TC002 - FastAPI reads the annotations of routes at run time
from fastapi.responses import HTMLResponse, JSONResponse

from robocoders.server.answers import SCHEMA_REFERENCE, failing
from robocoders.server.bodies import ErrorBody
from robocoders.server.idempotency import KEY_PARAMETERS
from robocoders.server.openai.answers import OpenAIErrorBody
from robocoders.server.reference_page import reference_page
from robocoders.wire.protocol import IDEMPOTENCY_ANNOUNCEMENT_HEADER, PROTOCOL_HEADER, REQUEST_ID_HEADER

__all__ = ["DESCRIPTION", "install_documentation"]

DESCRIPTION: Final = (
    "Coding agents over the Robocoders protocol, self-hosted. This is an independent reimplementation for "
    "compatibility; it is not affiliated with or endorsed by Robocoders AI or its makers.\n\n"
    "Send the token that /auth shows as `Authorization: Bearer TOKEN`, make a session, send prompts to /chat and read "
    "events line by line. Every answer that is no success has one form: `detail`, `code` and `request_id`.\n\n"
    "Below `/v1` the server speaks to programs made for OpenAI: the agents are the models, the token is the API key, "
    "and errors have OpenAI's form."
)

_HEADERS: Final = {
    REQUEST_ID_HEADER: "Names this answer in the server's log.",
    PROTOCOL_HEADER: "`1`: a server of this kind.",
    IDEMPOTENCY_ANNOUNCEMENT_HEADER: "`1`: a request with an `Idempotency-Key` is done once, however often it comes.",
}

_PAGE_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


def install_documentation(app: FastAPI) -> None:
    """Add `/openapi.json` and `/docs`, and make the description say what is true of every answer."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(describe())
        return app.openapi_schema

    app.openapi = openapi
    app.add_api_route(
        "/openapi.json", _openapi_json, tags=["documentation"], summary="This description", responses=failing(403, 503)
    )
    app.add_api_route(
        "/docs",
        _docs,
        tags=["documentation"],
        summary="This description, to read",
        response_class=HTMLResponse,
        responses=failing(403, 503),
    )


async def _openapi_json(request: Request) -> JSONResponse:
    """The OpenAPI description."""
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": "no-cache"})


async def _docs(request: Request) -> HTMLResponse:
    """A page for people. It needs no script and no other file."""
    return HTMLResponse(reference_page(request.app.openapi()), headers=_PAGE_HEADERS)


def _completed(description: dict[str, Any]) -> dict[str, Any]:
    """Add the headers that every answer has, and drop what the framework assumes of validation errors."""
    components: dict[str, Any] = description["components"]
    schemas: dict[str, Any] = components["schemas"]
    for assumed in ("HTTPValidationError", "ValidationError"):
        schemas.pop(assumed, None)
    for kind in (ErrorBody, OpenAIErrorBody):
        error = kind.model_json_schema(ref_template=SCHEMA_REFERENCE)
        schemas |= error.pop("$defs") | {kind.__name__: error}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }
    components["parameters"] = KEY_PARAMETERS
    for operations in description["paths"].values():
        for operation in operations.values():
            _share_definitions(operation, schemas)
            responses: dict[str, Any] = operation["responses"]
            if "HTTPValidationError" in str(responses.get("422")):
                del responses["422"]
            for response in responses.values():
                response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    return description


def _share_definitions(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Move what the schema of the body refers to where the references say it is; routes keep what they gave."""
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        schemas |= schema.get("$defs", {})
        alone = {name: value for name, value in schema.items() if name != "$defs"}
        operation["requestBody"] = operation["requestBody"] | {"content": {"application/json": {"schema": alone}}}
