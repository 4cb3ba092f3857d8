"""The routes of the stand-in."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
import time
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.standin.faults import Death, Lost, Raw, Reply
from tests.standin.live_text import lines_again, newest_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.standin.server import StandIn

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PATIENCE_SECONDS = 10.0


def application(server: StandIn) -> web.Application:
    """The application of one stand-in."""
    app = web.Application(client_max_size=256 * 1024 * 1024)
    original = _Original(server)
    sessions = _Sessions(server)
    for method, path, handler in (
        ("GET", "/auth", original.sign_in),
        ("DELETE", "/auth", original.sign_out),
        ("GET", "/create-session", original.create_session),
        ("POST", "/chat", original.chat),
        ("POST", "/get-session-code", original.session_code),
        ("GET", "/sessions", sessions.list),
        ("POST", "/sessions", sessions.create),
        ("GET", "/sessions/{sid}", sessions.show),
        ("DELETE", "/sessions/{sid}", sessions.delete),
        ("GET", "/sessions/{sid}/events", sessions.events),
        ("POST", "/sessions/{sid}/cancel", sessions.cancel),
    ):
        app.router.add_route(method, path, _noted(server, f"{method} {path}", handler))
    return app


def make_token(server: StandIn) -> str:
    """A token of the original's form: a JWT whose signature nobody checks here."""
    claims = {"sub": str(uuid.uuid4()), "exp": int(time.time() + server.expires_in_seconds), "jti": uuid.uuid4().hex}
    parts = ({"alg": "HS256", "typ": "JWT"}, claims, {"signature": 1})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join(encoded)


def _noted(
    server: StandIn, route: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler, after its request was noted."""

    async def noted(request: web.Request) -> web.StreamResponse:
        from tests.standin.server import Seen  # noqa: PLC0415 - the server imports this module

        headers = {name.lower(): value for name, value in request.headers.items()}
        server.seen.append(Seen(route, request.path, dict(request.query), headers, await request.read()))
        fault = None if route == "POST /chat" else server.next_fault(route)
        if isinstance(fault, Raw):
            await put_raw(server, request, fault)
        response = _reply(fault) if isinstance(fault, Reply) else await _once(server, route, request, handler)
        if isinstance(fault, Lost):
            await put_raw(server, request, Raw(b"", "reset"))
        if not response.prepared:
            _announce(server, response)
        return response

    return noted


async def _once(
    server: StandIn, route: str, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The handler's answer, or the one that the request's key stands for."""
    key = request.headers.get("Idempotency-Key")
    if not server.announced or key is None or route == "POST /chat":
        return await handler(request)
    if key not in server.kept:
        response = await handler(request)
        assert isinstance(response, web.Response)
        server.kept[key] = response.status, response.text or ""
    status, text = server.kept[key]
    return web.Response(status=status, text=text, content_type="application/json")


def _reply(fault: Reply) -> web.Response:
    return web.Response(status=fault.status, body=fault.body, headers=fault.headers)


def _announce(server: StandIn, response: web.StreamResponse) -> None:
    if server.announced:
        response.headers["Robocoders-Protocol"] = "1"
        response.headers["Robocoders-Idempotency"] = "1"


async def put_raw(server: StandIn, request: web.Request, fault: Raw) -> None:
    """Write past the HTTP server, end the connection as the fault says, and never return."""
    transport = request.transport
    assert transport is not None
    transport.write(fault.data)
    if fault.ending == "hang":
        await hang(server)
    if fault.ending == "reset":
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    transport.close()
    # Tells aiohttp that nobody waits for its answer any more.
    raise asyncio.CancelledError


async def hang(server: StandIn) -> None:
    """Stay silent until the caller goes away."""
    server.hanging.set()
    try:
        await asyncio.Event().wait()
    finally:
        server.departed.set()


def problem(status: int, detail: Any) -> web.Response:
    """An error as FastAPI words it."""
    return web.json_response({"detail": detail}, status=status)


def _refusal(server: StandIn, request: web.Request) -> web.Response | None:
    """What the caller gets instead of an answer when its token is missing or wrong."""
    header = request.headers.get("Authorization")
    if header is None:
        missing = [{"loc": ["header", "authorization"], "msg": "Field required", "type": "missing"}]
        return problem(422, missing)
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or token not in server.tokens:
        return problem(401, "Invalid token")
    return None


class _Original:
    """What the original answered (protocol facts)."""

    def __init__(self, server: StandIn) -> None:
        self._server = server

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        key = self._server.sign_in_key
        if key is not None:
            given = request.headers.get("Authorization", "").partition(" ")[2]
            if base64.b64decode(given).partition(b":")[2] != key.encode():
                return problem(401, "Sign-in key needed")
        token = make_token(self._server)
        self._server.tokens.add(token)
        page = f'<html><body><h1>Token</h1><pre class="t" id="token">\n{token}\n</pre></body></html>'
        return web.Response(text=page, content_type="text/html")

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        refused = _refusal(self._server, request)
        if refused is not None:
            return refused
        self._server.tokens.discard(request.headers["Authorization"].partition(" ")[2])
        return web.json_response({"revoked": True})

    async def create_session(self, request: web.Request) -> web.StreamResponse:
        refused = _refusal(self._server, request)
        if refused is not None:
            return refused
        sid = str(uuid.uuid4())
        self._server.sessions.append(sid)
        return web.json_response({"sid": sid})

    async def session_code(self, request: web.Request) -> web.StreamResponse:
        refused = _refusal(self._server, request)
        if refused is not None:
            return refused
        fields = await request.json()
        message = f"{fields['github_username']} may read it"
        return web.json_response({"repo_url": f"https://git.example.org/{fields['sid']}", "message": message})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        server = self._server
        fault = server.next_fault("POST /chat")
        if isinstance(fault, Reply):
            return _reply(fault)
        refused = _refusal(server, request)
        if refused is not None:
            return refused
        fields: dict[str, Any] = await request.json()
        if fields["sid"] not in server.sessions and server.unknown_session != 200:
            code = {"code": "session_unusable"} if server.announced else {}
            return web.json_response({"detail": "Unknown session", **code}, status=server.unknown_session)
        run = server.run(fields["prompt"], fields["sid"], request.headers.get("Idempotency-Key"))
        if isinstance(fault, Raw):
            await put_raw(server, request, fault)
        lines = lines_again(run.lines, server.said.get(run.key, 0), *_place(server, request))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        _announce(server, response)
        await response.prepare(request)
        if isinstance(fault, Death):
            await _die(server, request, response, lines, fault)
        for _, line in lines:
            await response.write(line)
        await response.write_eof()
        return response


def _place(server: StandIn, request: web.Request) -> tuple[int, int, bool]:
    """Where the caller is in the stream: the last id, the offset in the live text, whether it wants any."""
    if not server.announced:
        return 0, 0, False
    after, offset, deltas = (request.query.get(name, "0") for name in ("after", "offset", "deltas"))
    return int(after), int(offset), deltas == "true"


async def _die(
    server: StandIn, request: web.Request, response: web.StreamResponse, lines: list[tuple[int, bytes]], fault: Death
) -> None:
    """Write the beginning, die, and never return."""
    left = fault.after_bytes
    key = request.headers.get("Idempotency-Key")
    for said, line in lines:
        if left > 0:
            await response.write(line[:left])
            server.said[key] = max(said, server.said.get(key, 0))
        left -= len(line)
    if fault.once_read is not None:
        assert await asyncio.to_thread(fault.once_read.wait, _PATIENCE_SECONDS), "nobody has read it"
    await server.die(comes_back=fault.comes_back)
    raise asyncio.CancelledError


class _Sessions:
    """The session routes that servers of this project have."""

    def __init__(self, server: StandIn) -> None:
        self._server = server

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Two sessions at a time, newest first."""
        refused = _refusal(self._server, request)
        if refused is not None:
            return refused
        newest = list(enumerate(self._server.sessions))[::-1]
        before = int(request.query.get("before", "1000000"))
        shown = [(number, sid) for number, sid in newest if number < before][:2]
        following = shown[-1][0] if shown and shown[-1][0] > 0 else None
        return web.json_response({"sessions": [self._view(sid) for _, sid in shown], "next": following})

    async def create(self, request: web.Request) -> web.StreamResponse:
        refused = _refusal(self._server, request)
        if refused is not None:
            return refused
        sid = str(uuid.uuid4())
        self._server.sessions.append(sid)
        return web.json_response({**self._view(sid), "model": (await request.json()).get("model")})

    async def show(self, request: web.Request) -> web.StreamResponse:
        return self._missing(request) or web.json_response(self._view(request.match_info["sid"]))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        missing = self._missing(request)
        if missing is not None:
            return missing
        self._server.sessions.remove(request.match_info["sid"])
        return web.json_response({"sid": request.match_info["sid"], "deleted": True})

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        return self._missing(request) or web.json_response({"sid": request.match_info["sid"], "cancelled": True})

    async def events(self, request: web.Request) -> web.StreamResponse:
        missing = self._missing(request)
        if missing is not None:
            return missing
        server = self._server
        lines = lines_again(tuple(server.log), len(server.log), *_place(server, request))
        fault = server.next_fault("GET followed") if request.query.get("follow") == "true" else None
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        _announce(self._server, response)
        await response.prepare(request)
        if isinstance(fault, Death):
            await _die(server, request, response, lines, fault)
        for _, line in lines:
            await response.write(line)
        if request.query.get("follow") == "true":
            await hang(self._server)
        await response.write_eof()
        return response

    def _missing(self, request: web.Request) -> web.Response | None:
        refused = _refusal(self._server, request)
        if refused is None and request.match_info["sid"] not in self._server.sessions:
            return problem(404, "No such session")
        return refused

    def _view(self, sid: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "created_at": "2026-01-01T00:00:00.000000",
            "workspace": {"kind": "private", "path": None},
            "model": None,
            "limits": {},
            "turns": 0,
            "last_event_id": self._newest_id(sid),
            "state": self._server.state,
            "last_prompt_at": None,
            **self._server.told,
        }

    def _newest_id(self, sid: str) -> int:
        runs = (run.lines for run in self._server.runs if run.sid == sid)
        return max(newest_id(self._server.log), *(newest_id(lines) for lines in runs), 0)
