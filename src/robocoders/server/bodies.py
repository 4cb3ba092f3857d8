"""The JSON bodies of requests and answers.

Unknown fields of a request are ignored, as the original did. Not so what somebody relies on to be held back by, such
as a ceiling: that is built or refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT, MAX_PROMPT_CHARACTERS

__all__ = [
    "Cancelled",
    "ChatBody",
    "CreatedSession",
    "Deleted",
    "ErrorBody",
    "Health",
    "Limits",
    "NewSessionBody",
    "NotYet",
    "SessionCode",
    "SessionCodeBody",
    "SessionList",
    "SessionView",
    "SignedOut",
    "WorkspaceView",
]


def _refuse(wanted: bool) -> bool:  # noqa: FBT001 - a validator
    if wanted:
        raise PydanticCustomError("not_in_this_version", "This is not in this version: leave it out, or give false.")
    return wanted


NotYet = Annotated[bool, AfterValidator(_refuse), WithJsonSchema({"type": "boolean", "const": False})]
"""A wish that is understood and refused: to take it and do nothing would leave its sender with a false belief."""


class RequestBody(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ChatBody(RequestBody):
    """A prompt for a session's agent."""

    sid: str = Field(description="The session's id, a UUID. One that nobody has yet is made for the caller.")
    prompt: str = Field(
        min_length=1, max_length=MAX_PROMPT_CHARACTERS, description="What is asked; not only white space."
    )
    agent: str | None = Field(
        default=None, description=f"One of {', '.join(AGENT_NAMES)}; absent or empty: {DEFAULT_AGENT}."
    )
    history: Literal["log", "in_prompt"] = Field(
        default="log",
        description="`in_prompt`: the prompt carries the conversation before it, so the agent starts with no other.",
    )


class SessionCodeBody(RequestBody):
    """Whose repository is asked for, and who is to read it."""

    sid: str = Field(description="The session's id.")
    github_username: str = Field(min_length=1, max_length=100, description="Who is to be invited.")


class Limits(RequestBody):
    """What one prompt may use before it ends with a limit. Other limits are refused: nothing would keep to them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    iterations: int | None = Field(default=None, ge=1, le=1_000_000, description="Requests to the language model.")


class NewSessionBody(RequestBody):
    """What a session is to have of its own."""

    workspace: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = Field(
        default=None,
        description="A directory of the server's machine, absolute, that the agent works in. Only in `local` mode and "
        "for the server's own user. Absent: a private, empty one.",
    )
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="The language model, for instance `offline`; absent: the server's."
    )
    limits: Limits | None = Field(default=None, description="What one prompt of the session may use.")
    network: NotYet | None = Field(
        default=None, description="Whether commands reach the network. Nothing is run in this version, so not `true`."
    )


class ErrorItem(BaseModel):
    """One thing that is invalid."""

    model_config = ConfigDict(extra="forbid")

    loc: list[str | int] = Field(description="Where: `body`, `query`, `path` or `header`, then the name.")
    msg: str
    type: str


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    model_config = ConfigDict(extra="forbid")

    detail: str | list[ErrorItem] = Field(description="A sentence; for 422 the list of what is invalid.")
    code: str = Field(description="What is wrong, for programs.")
    request_id: str = Field(description="The same as the header `x-request-id`.")


class CreatedSession(BaseModel):
    """A new session's id."""

    sid: str


class SessionCode(BaseModel):
    """A repository that holds the session's files."""

    repo_url: str
    message: str


class WorkspaceView(BaseModel):
    """Where a session's agent works."""

    kind: Literal["private", "directory"]
    path: str | None = Field(description="The directory; null for a private one.")


class SessionView(BaseModel):
    """What is known of a session. Times are naive UTC, ISO 8601."""

    sid: str
    created_at: str
    workspace: WorkspaceView
    model: str | None = Field(description="Null: the server's default.")
    limits: dict[str, Any]
    turns: int
    last_event_id: int = Field(description="0: there is no event yet.")
    state: Literal["idle", "queued", "running"] = Field(description="Whether a prompt is being answered or waits.")
    last_prompt_at: str | None
    answering_after: int | None = Field(
        description="Read the events after this id to see the present answer, or else the newest one, from its first "
        "event; null: nothing has been asked."
    )


class SessionList(BaseModel):
    """The caller's sessions, newest first."""

    sessions: list[SessionView]
    next: int | None = Field(description="Give it as `before` to get the sessions after these; null: there are none.")


class Deleted(BaseModel):
    """A session is gone with its events."""

    sid: str
    deleted: Literal[True] = True


class Cancelled(BaseModel):
    """What became of a wish to cancel."""

    sid: str
    cancelled: bool = Field(
        description="False: nothing was running or waiting. With an `Idempotency-Key`: when it came for the first time."
    )


class SignedOut(BaseModel):
    """The token is worth nothing from now on."""

    revoked: Literal[True] = True


class Health(BaseModel):
    """The server's state."""

    status: Literal["ok", "ready"]
