"""A real server for tests: `serve` in a thread, on a free port, and a client that sends any request to it."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import re
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.client.discovery import read_servers
from robocoders.engine.runner import Engine
from robocoders.events import (
    MessageAction,
    MessageArgs,
    RecallAction,
    RecallArgs,
    RecallObservation,
    RunAction,
    RunArgs,
    RunObservation,
)
from robocoders.server.running import MakeEngine
from robocoders.server.serving import serve
from robocoders.server.settings import Settings
from robocoders.server.stopping import StopSwitch
from robocoders.store import Store

__all__ = ["Answer", "RunningService", "Turns", "running_service"]

BOUND_SECONDS = 20.0

_CHANT = "la" * 50_000


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines() if line]


@dataclass
class Turns:
    """A scripted agent: searches, finds, says `You said: PROMPT`.

    The prompt `hold` says `holding` and then waits until `go_on` is set; `fail` raises; `long` says 200,000 letters.
    `speak` shows the beginning of its answer while it holds; `stammer` a wrong one, which it takes back; `chant`
    100,000 letters at once; `run` a command's output.
    """

    held: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    seen: list[TurnInput] = field(default_factory=list[TurnInput])

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
        self.seen.append(turn)
        if turn.prompt == "fail":
            raise RuntimeError("the script says so")
        if turn.prompt in {"speak", "stammer", "chant"}:
            return await self._speak(turn)
        if turn.prompt == "run":
            return await self._run(turn, emit)
        if turn.prompt == "hold":
            await emit(MessageAction(message="holding", args=MessageArgs(content="holding")))
            await self._hold()
        text = "x" * 200_000 if turn.prompt == "long" else turn.prompt
        cause = await emit(RecallAction(message="Searching", args=RecallArgs(query=text)))
        await emit(RecallObservation(message="Found", cause=cause, content=f"a place {text}"))
        return Outcome(reason="finished", text=f"You said: {text}")

    async def _speak(self, turn: TurnInput) -> Outcome:
        text = _CHANT if turn.prompt == "chant" else f"You said: {turn.prompt}"
        first = {"speak": "You said: ", "stammer": "You sad", "chant": text}[turn.prompt]
        # As a model that is asked again: what it said before a crash does not count.
        await turn.live.withdraw()
        await turn.live.write(first)
        await turn.live.flush()
        await self._hold()
        if turn.prompt == "stammer":
            await turn.live.withdraw()
            first = ""
        await turn.live.write(text.removeprefix(first))
        await turn.live.flush()
        return Outcome(reason="finished", text=text)

    async def _run(self, turn: TurnInput, emit: Emit) -> Outcome:
        cause = await emit(RunAction(message="Running", args=RunArgs(command="make")))
        await turn.live.write("made\n")
        await turn.live.flush()
        await self._hold()
        await emit(RunObservation(message="Ran", cause=cause, content="made\n"))
        await turn.live.write("Done.")
        await turn.live.flush()
        return Outcome(reason="finished", text="Done.")

    async def _hold(self) -> None:
        """Say that it waits, and wait for `go_on`."""
        self.held.set()
        loop, released = asyncio.get_running_loop(), asyncio.Event()
        watcher = threading.Thread(target=self._release, args=(loop.call_soon_threadsafe, released.set), daemon=True)
        watcher.start()
        await released.wait()

    def _release(self, call: Callable[[Callable[[], object]], object], release: Callable[[], object]) -> None:
        if self.go_on.wait(BOUND_SECONDS):
            try:
                call(release)
            except RuntimeError:
                # The loop has ended: nobody waits any more.
                return

    def make_engine(self, store: Store, settings: Settings) -> Engine:
        return Engine(store, data_dir=settings.data_dir, default_model=settings.model, run_turn=self.run)


@dataclass
class RunningService:
    """A server that runs in a thread."""

    url: str
    settings: Settings
    turns: Turns
    stop_switch: StopSwitch
    thread: threading.Thread
    tls: ssl.SSLContext | None = None

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def sign_in_key(self) -> str:
        return next(server.sign_in_key or "" for server in read_servers() if server.url == self.url)

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if self.tls is not None:
            return http.client.HTTPSConnection(host, parts.port, timeout=BOUND_SECONDS, context=self.tls)
        return http.client.HTTPConnection(host, parts.port, timeout=BOUND_SECONDS)

    def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own and read the whole answer; a `body` that is no bytes is JSON."""
        with closing(self.connect()) as connection:
            connection.request(method, path, *request_content(token, body, headers))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    @contextmanager
    def stream(
        self, method: str, path: str, *, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Generator[http.client.HTTPResponse]:
        """Send one request and give the answer as soon as its head is there."""
        with closing(self.connect()) as connection:
            connection.request(method, path, *request_content(token, body, headers))
            yield connection.getresponse()

    def token(self, path: str = "/auth") -> str:
        """Sign in and return the token of the page."""
        headers = basic(self.sign_in_key) if self.settings.auth == "local" else {}
        page = self.send("GET", path, headers=headers)
        found = re.search(r'id="token">\s*(\S+)\s*</pre>', page.body.decode())
        assert found is not None, page
        return found[1]

    def session(self, token: str) -> str:
        return self.send("GET", "/create-session", token=token).json["sid"]

    def chat(self, token: str, sid: str, prompt: str, *, query: str = "", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"sid": sid, "prompt": prompt, "agent": "RepoAgent"}
        return self.send("POST", f"/chat{query}", token=token, body=body, headers=named)

    def stop(self) -> None:
        """Let what is held go on, and stop the server."""
        self.turns.go_on.set()
        self.suspend()

    def suspend(self) -> None:
        """Stop the server while turns are held."""
        self.stop_switch.press()
        self.thread.join(BOUND_SECONDS)
        assert not self.thread.is_alive(), "the server did not stop"


def _nothing() -> None:
    """Tests import what they need themselves."""


def basic(password: str, user: str = "anyone") -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def request_content(
    token: str | None, body: Any, headers: Mapping[str, str] | None
) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers as `http.client` takes them."""
    all_headers = dict(headers or {})
    if token is not None:
        all_headers["Authorization"] = f"Bearer {token}"
    if body is None or isinstance(body, bytes):
        return body, all_headers
    return json.dumps(body).encode(), {"Content-Type": "application/json", **all_headers}


@contextmanager
def running_service(
    data_dir: Path,
    *,
    turns: Turns | None = None,
    make_engine: MakeEngine | None = None,
    tls: ssl.SSLContext | None = None,
    **values: Any,
) -> Generator[RunningService]:
    """Run a server until the block ends; `values` are further settings. What it raised is raised again."""
    wanted: dict[str, Any] = {"port": 0, "data_dir": data_dir, **values}
    settings = Settings(**wanted)
    script, switch = turns or Turns(), StopSwitch()
    ready, failures, urls = threading.Event(), list[BaseException](), list[str]()

    def announce(url: str) -> None:
        urls.append(url)
        ready.set()

    def run() -> None:
        try:
            serve(
                settings,
                announce=announce,
                stop=switch,
                make_engine=make_engine or script.make_engine,
                warm_up=_nothing,
            )
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        assert ready.wait(BOUND_SECONDS), "the server did not start"
        if not failures:
            yield RunningService(urls[0], settings, script, switch, thread, tls)
    finally:
        script.go_on.set()
        switch.press()
        thread.join(BOUND_SECONDS)
    if failures:
        raise failures[0]
    assert not thread.is_alive(), "the server did not stop"
