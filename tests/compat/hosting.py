"""A server of one's own as https://api.robocoders.ai, set up with the programs that docs/old-scripts.md names."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import ssl
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

HOST = "api.robocoders.ai"
MAKE_AUTHORITY = ROOT / "examples" / "old-scripts" / "make_authority.sh"
AS_HOSTED = ROOT / "examples" / "old-scripts" / "as_hosted.py"

_START_SECONDS = 30
_STOP_SECONDS = 30
_CLIENT_SECONDS = 60

_NO_SERVER = "127.0.0.1:9"


def make_authority(directory: Path) -> Path:
    """Make the authority and the server's certificate; return the directory."""
    subprocess.run(["sh", str(MAKE_AUTHORITY), str(directory)], check=True, capture_output=True, timeout=30)
    return directory


def run_as_hosted(
    directory: Path,
    command: Sequence[str | Path],
    *,
    server: str = _NO_SERVER,
    cwd: Path,
    variables: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a command for which the server is https://api.robocoders.ai.

    Args:
        directory: What `make_authority` returned.
        command: The command and its arguments.
        server: The server's address and port; by default nobody listens there.
        cwd: Where the command runs.
        variables: What the command finds in its environment beside what is there.
        before: A command that starts the recipe's program, as its prefix.
    """
    return subprocess.run(
        [*before, sys.executable, str(AS_HOSTED), str(directory), "--server", server, "--", *map(str, command)],
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_CLIENT_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class HostedServer:
    """A running server: how programs and this test reach it.

    Args:
        directory: What `make_authority` returned.
        port: Where it listens on loopback.
    """

    directory: Path
    port: int

    def run(
        self, command: Sequence[str | Path], *, cwd: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command for which this server is https://api.robocoders.ai."""
        server = f"127.0.0.1:{self.port}"
        return run_as_hosted(self.directory, command, server=server, cwd=cwd, variables=variables)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        password: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[int, bytes]:
        """Send a request under the hosted name and return the status and the whole body; the certificate is checked."""
        context = ssl.create_default_context(cafile=self.directory / "authority.pem")
        headers: dict[str, str] = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if password is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(f':{password}'.encode()).decode()}"
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=_CLIENT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as secured,
        ):
            connection = HTTPConnection(HOST)
            connection.sock = secured
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def token(self, sign_in_key: str | None = None) -> str:
        """Take a token from the token page as old clients do; in the mode `local` with the key."""
        status, page = self.request("GET", "/auth", password=sign_in_key)
        assert status == 200, page
        return page.decode().partition('id="token">')[2].partition("</pre>")[0].strip()

    def sessions(self, token: str) -> list[dict[str, Any]]:
        """List the sessions of the token's owner."""
        status, body = self.request("GET", "/sessions", token=token)
        assert status == 200, body
        listed: list[dict[str, Any]] = json.loads(body)["sessions"]
        return listed

    def session(self, token: str, sid: str) -> dict[str, Any]:
        """Show one session."""
        status, body = self.request("GET", f"/sessions/{sid}", token=token)
        assert status == 200, body
        shown: dict[str, Any] = json.loads(body)
        return shown

    def events(self, token: str, sid: str) -> list[dict[str, Any]]:
        """Return the whole event log of a session."""
        status, body = self.request("GET", f"/sessions/{sid}/events?after=0", token=token)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines() if line.strip()]


@dataclass(frozen=True)
class LocalServer:
    """A server in the mode `local`, with its owner's token.

    Args:
        hosted: The server.
        token: The owner's token.
        log: The server's log.
    """

    hosted: HostedServer
    token: str
    log: Path


@dataclass(frozen=True)
class RepositorySession:
    """A session over a small repository.

    Args:
        server: A server in the mode `local`.
        token: The token of its owner.
        sid: The session.
        log: The server's log.
    """

    server: HostedServer
    token: str
    sid: str
    log: Path

    def requests(self, line: str) -> int:
        """Count the requests that the server has answered, by the beginning of their request line."""
        return self.log.read_text(encoding="utf-8").count(f'"{line} ')


def sign_in_key(home: Path) -> str:
    """Return the sign-in key of the server that `serving` runs with this home."""
    listed = json.loads((home / "state" / "robocoders" / "servers.json").read_text(encoding="utf-8"))
    key: str = listed["servers"][0]["sign_in_key"]
    return key


@contextmanager
def serving(
    directory: Path, home: Path, *, auth: str = "open", token_file: Path | None = None
) -> Generator[HostedServer]:
    """Run `robocoders serve` as docs/old-scripts.md says, on a free port, until the block ends.

    Args:
        directory: What `make_authority` returned.
        home: Where the server keeps its data, its list of servers and its log.
        auth: The access mode.
        token_file: A file with bearer tokens to accept.
    """
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "robocoders", "serve", "--auth", auth, "--port", "0"]
    command += ["--data-dir", str(home / "data"), "--allow-host", HOST]
    command += ["--tls-cert", str(directory / "server.pem"), "--tls-key", str(directory / "server-key.pem")]
    if token_file is not None:
        command += ["--accept-token-file", str(token_file)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ROBOCODERS_", "XDG_"))}
    environment |= {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    log = home / "server.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        try:
            assert select.select([process.stdout], [], [], _START_SECONDS)[0], "the server did not say that it is ready"
            address = process.stdout.readline().strip()
            assert address.startswith("https://127.0.0.1:"), log.read_text(encoding="utf-8")
            yield HostedServer(directory, int(address.rpartition(":")[2]))
        finally:
            process.terminate()
            process.communicate(timeout=_STOP_SECONDS)
