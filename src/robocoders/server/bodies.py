"""The JSON bodies of requests and answers.

Unknown fields of a request are ignored, as the original did. Not so what somebody relies on to be held back by, such
as a ceiling: that is built or refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT, MAX_PROMPT_CHARACTERS

__all__ = [
    "Cancelled",
    "ChangedSessionBody",
    "ChatBody",
    "CreatedSession",
    "Deleted",
    "ErrorBody",
    "Health",
    "Limits",
    "NewSessionBody",
    "SessionCode",
    "SessionCodeBody",
    "SessionList",
    "SessionView",
    "SignedOut",
    "SpentView",
    "WorkspaceView",
]


_MOST_USD = 1_000_000_000
_MOST_TOKENS = 10**15
_MOST_SECONDS = 10**9


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
    """What a session may use up. Other limits are refused: nothing would keep to them.

    Allowances (`iterations`, `money_usd`) are granted to each prompt, `continue` among them; a prompt that has used one
    up ends with `iteration_limit` or `budget_limit`. Ceilings hold for the whole session, and no prompt lifts them: its
    prompts end with `exhausted`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    iterations: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Requests to the language model for one prompt; absent: 50."
    )
    money_usd: float | None = Field(
        default=None, gt=0, le=_MOST_USD, allow_inf_nan=False, description="US dollars for one prompt."
    )
    ceiling_money_usd: float | None = Field(
        default=None, ge=0, le=_MOST_USD, allow_inf_nan=False, description="US dollars for the session."
    )
    ceiling_tokens: int | None = Field(
        default=None, ge=0, le=_MOST_TOKENS, description="Tokens for the session, in and out."
    )
    ceiling_seconds: int | None = Field(
        default=None, ge=0, le=_MOST_SECONDS, description="Seconds of work for the session; waiting does not count."
    )


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
    limits: Limits | None = Field(default=None, description="What the session and its prompts may use up.")
    network: bool | None = Field(
        default=None,
        description="Whether the agent's commands reach the network, the programs on the server's own machine "
        "included. `true` is for the server's own user in `local` mode, unless the server was started with "
        "`--network`. Absent: what the server was started with, usually false.",
    )


class ChangedSessionBody(RequestBody):
    """What is to be different about a session from its next prompt on."""

    limits: Limits = Field(description="All of its limits; those that are not named are gone.")


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


class SpentView(BaseModel):
    """What a session has used up so far. A model whose price is not known counts as costing nothing."""

    money_usd: float
    tokens: int = Field(description="In and out.")
    seconds: float = Field(description="Of work; waiting does not count.")


class SessionView(BaseModel):
    """What is known of a session. Times are naive UTC, ISO 8601."""

    sid: str
    created_at: str
    workspace: WorkspaceView
    model: str | None = Field(description="Null: the server's default.")
    limits: dict[str, Any]
    network: bool = Field(description="Whether its agent's commands reach the network.")
    turns: int
    last_event_id: int = Field(description="0: there is no event yet.")
    state: Literal["idle", "queued", "running"] = Field(description="Whether a prompt is being answered or waits.")
    last_prompt_at: str | None
    answering_after: int | None = Field(
        description="Read the events after this id to see the present answer, or else the newest one, from its first "
        "event; null: nothing has been asked."
    )
    spent: SpentView


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
