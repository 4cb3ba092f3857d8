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
    "change_session",
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
        method: `GET`, `POST`, `PATCH` or `DELETE`.
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

    @property
    def is_keyed(self) -> bool:
        """Whether it carries an idempotency key, so that a server that knows keys may get it twice."""
        return any(name == IDEMPOTENCY_KEY_HEADER for name, _ in self.headers)


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


def create_session(token: str, *, key: str | None = None) -> Request:
    """Ask for a new session's id. A session that is asked for and not used costs nothing, so this may be repeated."""
    return _with_token("GET", "/create-session", token, key=key)


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
    after: int = 0,
    offset: int = 0,
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
        after: With a key that was sent before: only the events of its turn with a greater id; old servers ignore it.
        offset: Where to take up the live text, in characters; old servers ignore it.
    """
    parts = {
        "events=all": all_events,
        "deltas=true": deltas,
        "if_busy=refuse": if_busy_refuse,
        f"after={after}": after,
        f"offset={offset}": offset,
    }
    query = [part for part, is_wanted in parts.items() if is_wanted]
    fields: dict[str, Any] = {"sid": sid, "prompt": prompt, "agent": agent}
    if history_in_prompt:
        fields["history"] = "in_prompt"
    path = f"/chat?{'&'.join(query)}" if query else "/chat"
    return _with_token("POST", path, token, fields, key=key, safe=False, secrets=(prompt,))


def session_code(token: str, sid: str, github_username: str, *, key: str | None = None) -> Request:
    """Ask for a repository that holds the session's files, readable for a GitHub user."""
    fields = {"sid": sid, "github_username": github_username}
    return _with_token("POST", "/get-session-code", token, fields, key=key, safe=False)


def new_session(
    token: str,
    *,
    workspace: str | None = None,
    model: str | None = None,
    limits: dict[str, Any] | None = None,
    network: bool | None = None,
    key: str | None = None,
) -> Request:
    """Make a session with a workspace, model, limits or network of its own (ours; the original has no such route)."""
    given = {"workspace": workspace, "model": model, "limits": limits, "network": network}
    fields = {name: value for name, value in given.items() if value is not None}
    return _with_token("POST", "/sessions", token, fields, key=key, safe=False)


def change_session(token: str, sid: str, limits: dict[str, Any]) -> Request:
    """Give a session other limits, from its next prompt on (ours); sent twice, it changes nothing more."""
    return _with_token("PATCH", _session_path(sid), token, {"limits": limits})


def list_sessions(token: str) -> Request:
    """Ask for one's sessions, newest first."""
    return _with_token("GET", "/sessions", token)


def show_session(token: str, sid: str) -> Request:
    """Ask for what is known of one session."""
    return _with_token("GET", _session_path(sid), token)


def delete_session(token: str, sid: str, *, key: str | None = None) -> Request:
    """Delete a session and its events. Without a key, a repetition finds nothing to delete."""
    return _with_token("DELETE", _session_path(sid), token, key=key)


def session_events(
    token: str, sid: str, *, after: int = 0, follow: bool = False, deltas: bool = False, offset: int = 0
) -> Request:
    """Ask for the events after the id `after` (0: all); with `follow` the answer goes on with what comes.

    With `deltas` it brings live text too, from `offset` on, in characters.
    """
    fields: dict[str, str | int] = {"after": after, "follow": "true" if follow else "false"}
    if deltas:
        fields["deltas"] = "true"
    if offset:
        fields["offset"] = offset
    return _with_token("GET", f"{_session_path(sid)}/events?{urlencode(fields)}", token)


def cancel(token: str, sid: str, *, key: str | None = None) -> Request:
    """Stop what the session is doing. Without a key, a repetition might stop what was asked since."""
    return _with_token("POST", f"{_session_path(sid)}/cancel", token, key=key, safe=False)


def _session_path(sid: str) -> str:
    return f"/sessions/{quote(sid, safe='')}"


def _with_token(
    method: str,
    path: str,
    token: str,
    fields: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    safe: bool = True,
    secrets: tuple[str, ...] = (),
) -> Request:
    headers = [("Authorization", f"Bearer {token}")]
    if key is not None:
        headers.append((IDEMPOTENCY_KEY_HEADER, key))
    if fields is None:
        return Request(method, path, tuple(headers), safe=safe, secrets=(token, *secrets))
    body = json.dumps(fields).encode("ascii")
    return Request(
        method, path, (*headers, ("Content-Type", "application/json")), body, safe=safe, secrets=(token, *secrets)
    )
