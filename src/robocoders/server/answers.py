"""What the OpenAPI description says of the answers that several routes give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robocoders.server.streaming import SSE_MEDIA_TYPE

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ANYWHERE", "NDJSON_CONTENT", "SCHEMA_REFERENCE", "Responses", "failing", "json_body", "sse_content"]

Responses = dict[int | str, dict[str, Any]]

SCHEMA_REFERENCE: Final = "#/components/schemas/{model}"

_TEXTS: Final = {
    401: "No token, or one that is invalid, expired or revoked.",
    403: "The request's Host or Origin is not this server's, or this caller may not do it.",
    404: "There is no such session, or it is somebody else's.",
    409: "The session is busy; `x-should-retry: false`.",
    413: "The body is longer than 8 MiB.",
    422: "Something about the request is invalid; `detail` lists what. Nothing that was sent is repeated.",
    500: "The server failed; its log says more under the request id.",
    503: "The server is stopping, or its database cannot be used; `Retry-After` says when to come again.",
    507: "The server has no space left for its database.",
}

NDJSON_CONTENT: Final[dict[str, Any]] = {
    "application/x-ndjson": {
        "schema": {"type": "string", "description": "One JSON object a line; blank lines are heartbeats."}
    }
}


def failing(*statuses: int, **texts: str) -> Responses:
    """The descriptions of answers that are no success; `s409="..."` gives one a text of its own."""
    own = {int(name[1:]): text for name, text in texts.items()}
    wanted = sorted({*statuses, *own})
    # Not by `model`: the framework would give an error the media type of the route's success.
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    return {status: {"content": content, "description": own.get(status) or _TEXTS[status]} for status in wanted}


ANYWHERE: Final = failing(403, 500, 503)
"""What every route but the health routes can answer."""


def sse_content(text: str) -> dict[str, Any]:
    """The content of a stream of server-sent events, described by a text; comments are no events.

    `itemSchema` describes each event (OpenAPI 3.2); there is nothing to say of the stream as one value.
    """
    field = {"type": "string"}
    event = {
        "type": "object",
        "properties": {"data": field, "event": field, "id": field},
        "required": ["data"],
        "additionalProperties": False,
        "description": text,
    }
    return {SSE_MEDIA_TYPE: {"itemSchema": event}}


def json_body(kind: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """A request body for the OpenAPI description: bodies are read by hand, after the token has been checked.

    What its schema refers to stands in its `$defs`, until `robocoders.server.documentation` moves it to where all is.
    """
    content = {"application/json": {"schema": kind.model_json_schema(ref_template=SCHEMA_REFERENCE)}}
    return {"requestBody": {"required": required, "content": content}}
