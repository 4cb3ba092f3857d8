"""What the OpenAPI description says of the answers of routes below `/v1`."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from robocoders.server.answers import Responses

__all__ = ["ANYWHERE", "OpenAIErrorBody", "failing"]

_TEXTS: Final = {
    400: "Something about the request is invalid; `param` says what. Nothing that was sent is repeated.",
    401: "No token, or one that is invalid, expired or revoked.",
    403: "The request's Host or Origin is not this server's.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It does not go together with what is; `x-should-retry: false`.",
    413: "The body is longer than 8 MiB.",
    500: "The turn ended with an error, or the server failed; `x-should-retry: false`.",
    503: "The server is stopping, or its database cannot be used.",
    507: "The server has no space left for its database.",
}


class OpenAIError(BaseModel):
    """What is wrong."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(description="For people.")
    type: str = Field(description="The kind of the error.")
    param: str | None = Field(description="Which parameter is wrong, where it is one.")
    code: str | None = Field(description="For programs.")


class OpenAIErrorBody(BaseModel):
    """The body of every answer below `/v1` that is no success."""

    model_config = ConfigDict(extra="forbid")

    error: OpenAIError


def failing(*statuses: int, **texts: str) -> Responses:
    """The descriptions of answers that are no success; `s409="..."` gives one a text of its own."""
    own = {int(name[1:]): text for name, text in texts.items()}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIErrorBody"}}}
    wanted = sorted({*statuses, *own})
    return {status: {"content": content, "description": own.get(status) or _TEXTS[status]} for status in wanted}


ANYWHERE: Final = failing(401, 403, 500, 503)
"""What every route below `/v1` can answer."""
