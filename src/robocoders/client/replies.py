"""What calls of the client give back, apart from events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from robocoders.errors import ProtocolError
from robocoders.events import Event, MessageAction
from robocoders.wire.answers import json_object

__all__ = ["Code", "Reply", "SessionInfo", "answer_text", "session_info", "session_page"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Args:
        text: What the agent says in the end.
        events: Every event of the turn and of its continuations.
        session_id: The session, to go on in.
        reason: Why the turn ended, for instance `finished` or `iteration_limit`; None where the server does not say.
    """

    text: str = field(repr=False)
    events: tuple[Event, ...] = field(repr=False)
    session_id: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """Where a session's files can be read.

    Args:
        repo_url: The address of a repository.
        message: What the server says about it.
    """

    repo_url: str
    message: str


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a server knows of a session. Times are naive UTC, ISO 8601.

    Args:
        id: The session's id.
        state: `idle`, `queued` or `running`.
        created_at: When it was made.
        last_prompt_at: When it was last asked something; None: never.
        turns: How many prompts it has had.
        last_event_id: The id of its newest event; 0: there is none.
        model: The language model; None: the server's default.
        workspace: The directory its agent works in; None: a private one.
        limits: Limits of its own.
        network: Whether its agent's commands reach the network.
        spent: What it has used up, where the server tells: `money_usd`, `tokens`, `seconds`.
    """

    id: str
    state: str
    created_at: str
    last_prompt_at: str | None
    turns: int
    last_event_id: int
    model: str | None
    workspace: str | None
    limits: dict[str, Any]
    network: bool = False
    spent: dict[str, Any] = field(default_factory=dict[str, Any])


def answer_text(events: Sequence[Event]) -> str:
    """The answer in a turn's events: its last message, which is the closing one where the server sends such."""
    messages = [event for event in events if isinstance(event, MessageAction)]
    return messages[-1].text if messages else ""


def session_info(fields: dict[str, Any]) -> SessionInfo:
    """Read one session's description; what is missing or odd in it is left at its default.

    Raises:
        ProtocolError: It has no `sid`.
    """
    sid = fields.get("sid")
    if not isinstance(sid, str) or not sid:
        raise ProtocolError("The server's description of a session holds no sid")
    workspace = _mapping(fields.get("workspace"))
    return SessionInfo(
        id=sid,
        state=_text(fields.get("state")) or "idle",
        created_at=_text(fields.get("created_at")) or "",
        last_prompt_at=_text(fields.get("last_prompt_at")),
        turns=_count(fields.get("turns")),
        last_event_id=_count(fields.get("last_event_id")),
        model=_text(fields.get("model")),
        workspace=_text(workspace.get("path")),
        limits=_mapping(fields.get("limits")),
        network=fields.get("network") is True,
        spent=_mapping(fields.get("spent")),
    )


def session_page(body: bytes) -> tuple[list[SessionInfo], int | None]:
    """Read one page of a list of sessions: the sessions, and where the next page begins (None: nowhere).

    Raises:
        ProtocolError: It is no such list.
    """
    fields = json_object(body, "the list of sessions")
    listed = fields.get("sessions")
    if not isinstance(listed, list):
        raise ProtocolError("The server's answer to the list of sessions holds no list")
    following = fields.get("next")
    found = [session_info(_mapping(entry)) for entry in cast("list[object]", listed)]
    return found, following if isinstance(following, int) else None


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
