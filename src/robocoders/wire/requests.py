"""Every request of the protocol as method, path, headers and body.

Whoever sends one adds the server's address in front of the path, and nothing else.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from robocoders.wire.protocol import IDEMPOTENCY_KEY_HEADER

__all__ = [
    "Request",
    "cancel",
    "chat",
    "create_session",
    "delete_session",
    "list_sessions",
    "new_session",
    "session_code",
    "session_events",
    "show_session",
    "sign_in",
    "sign_out",
]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to be sent.

    Attributes:
        method: `GET`, `POST` or `DELETE`.
        path: Path and query, beginning with a slash; appended to the server's address.
        headers: Names and values; the sender adds `User-Agent`, `Host` and what its transport needs.
        body: UTF-8 JSON, or None.
        safe: Sending it twice does no harm on any server.
        secrets: Values that must appear in no error and no log.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    safe: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)


def sign_in(key: str | None = None) -> Request:
    """Ask for the login page; `key` is the sign-in key of a server of one's own, sent as HTTP Basic password."""
    headers = [("Accept", "text/html")]
    if key is None:
        return Request("GET", "/auth", tuple(headers))
    pair = base64.b64encode(f"robocoders:{key}".encode()).decode("ascii")
    return Request("GET", "/auth", (*headers, ("Authorization", f"Basic {pair}")), secrets=(key, pair))


def sign_out(token: str) -> Request:
    """Revoke the token it is sent with (ours; the original has no such route)."""
    return _with_token("DELETE", "/auth", token)


def create_session(token: str) -> Request:
    """Ask for a new session's id. A session that is asked for and not used costs nothing, so this may be repeated."""
    return _with_token("GET", "/create-session", token)


def chat(
    token: str,
    sid: str,
    prompt: str,
    agent: str,
    *,
    key: str | None = None,
    all_events: bool = True,
    deltas: bool = False,
    history_in_prompt: bool = False,
    if_busy_refuse: bool = False,
) -> Request:
    """Send a prompt; the answer is a stream of events.

    Args:
        token: The bearer token.
        sid: The session's id.
        prompt: What is asked, as it is.
        agent: The agent's name.
        key: The idempotency key, where the prompt has one.
        all_events: Ask for observations and uncapped lines too; old servers ignore it.
        deltas: Ask for live text; old servers ignore it.
        history_in_prompt: Tell that the prompt carries the conversation before it; old servers ignore it.
        if_busy_refuse: Ask for 409 instead of waiting when the session is busy; old servers ignore it.
    """
    query = [
        name
        for name, wanted in (("events=all", all_events), ("deltas=true", deltas), ("if_busy=refuse", if_busy_refuse))
        if wanted
    ]
    fields: dict[str, Any] = {"sid": sid, "prompt": prompt, "agent": agent}
    if history_in_prompt:
        fields["history"] = "in_prompt"
    path = f"/chat?{'&'.join(query)}" if query else "/chat"
    extra = () if key is None else ((IDEMPOTENCY_KEY_HEADER, key),)
    return _with_token("POST", path, token, fields, extra=extra, safe=False, secrets=(prompt,))


def session_code(token: str, sid: str, github_username: str) -> Request:
    """Ask for a repository that holds the session's files, readable for a GitHub user."""
    return _with_token("POST", "/get-session-code", token, {"sid": sid, "github_username": github_username}, safe=False)


def new_session(
    token: str,
    *,
    workspace: str | None = None,
    model: str | None = None,
    limits: dict[str, Any] | None = None,
    key: str | None = None,
) -> Request:
    """Make a session with a workspace, model or limits of its own (ours; the original has no such route)."""
    given = {"workspace": workspace, "model": model, "limits": limits}
    fields = {name: value for name, value in given.items() if value is not None}
    extra = () if key is None else ((IDEMPOTENCY_KEY_HEADER, key),)
    return _with_token("POST", "/sessions", token, fields, extra=extra)


def list_sessions(token: str) -> Request:
    """Ask for one's sessions, newest first."""
    return _with_token("GET", "/sessions", token)


def show_session(token: str, sid: str) -> Request:
    """Ask for what is known of one session."""
    return _with_token("GET", _session_path(sid), token)


def delete_session(token: str, sid: str) -> Request:
    """Delete a session and its events."""
    return _with_token("DELETE", _session_path(sid), token)


def session_events(token: str, sid: str, *, after: int = 0, follow: bool = False) -> Request:
    """Ask for the events after the id `after` (0: all); with `follow` the answer goes on with what comes."""
    query = urlencode({"after": after, "follow": "true" if follow else "false"})
    return _with_token("GET", f"{_session_path(sid)}/events?{query}", token)


def cancel(token: str, sid: str) -> Request:
    """Stop what the session is doing."""
    return _with_token("POST", f"{_session_path(sid)}/cancel", token)


def _session_path(sid: str) -> str:
    return f"/sessions/{quote(sid, safe='')}"


def _with_token(
    method: str,
    path: str,
    token: str,
    fields: dict[str, Any] | None = None,
    *,
    extra: tuple[tuple[str, str], ...] = (),
    safe: bool = True,
    secrets: tuple[str, ...] = (),
) -> Request:
    headers = (("Authorization", f"Bearer {token}"), *extra)
    if fields is None:
        return Request(method, path, headers, safe=safe, secrets=(token, *secrets))
    body = json.dumps(fields).encode("ascii")
    return Request(
        method, path, (*headers, ("Content-Type", "application/json")), body, safe=safe, secrets=(token, *secrets)
    )
