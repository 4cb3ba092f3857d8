from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest

from robocoders.cli.model_choice import FoundModel, choose_model, found_models
from robocoders.client import places
from robocoders.client.configuration import remember
from robocoders.client.discovery import read_servers
from robocoders.testing.model_server import ModelServer
from tests.cli.commands import BOUND_SECONDS, COMMAND, command
from tests.cli.terminals import on_terminal


@contextmanager
def serve(*flags: str, stdin: int = subprocess.DEVNULL) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run `robocoders serve` on a free port; give the process and its address."""
    line = [*COMMAND, "serve", "--port", "0", *flags]
    process = subprocess.Popen(line, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=BOUND_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_address_alone_is_data_and_signals_end_it_gracefully(number: signal.Signals) -> None:
    """Promise: docs/command.md, serve."""
    with serve() as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert [server.url for server in read_servers()] == [address]
        process.send_signal(number)
        out, err = process.communicate(timeout=BOUND_SECONDS)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert read_servers() == []


def test_what_cannot_be_served_is_told_in_a_line(tmp_path: Path) -> None:
    """Promise: docs/command.md, serve: a port that is taken, a data directory that has an owner."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = command("serve", "--port", port)
    assert (ended.code, ended.out) == (2, "")
    assert port in ended.err
    with serve("--data-dir", str(tmp_path / "data")) as (_, address):
        second = command("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert second.code == 2
    assert address in second.err
    assert "Traceback" not in ended.err + second.err
    assert command("serve", "--auth", "nobody").code == 2


def test_tokens_come_from_a_file(tmp_path: Path) -> None:
    """Promise: docs/command.md, serve --accept-token-file: one a line, none on the command line."""
    path = tmp_path / "tokens"
    path.write_text("# of the team\n\ntoken-one-of-two\ntoken-two-of-two\n", encoding="utf-8")
    with serve("--accept-token-file", str(path)) as (_, address):
        for token, status in (("token-one-of-two", 200), ("token-two-of-two", 200), ("# of the team", 401)):
            assert _status(address, token) == status
    with path.open("rb") as file, serve("--accept-token-file", "-", stdin=file.fileno()) as (_, address):
        assert _status(address, "token-one-of-two") == 200


def test_a_token_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 2."""
    missing = command("serve", "--accept-token-file", str(tmp_path / "missing"))
    assert (missing.code, len(missing.err.splitlines())) == (2, 1)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    binary = command("serve", "--accept-token-file", str(tmp_path / "binary"))
    assert binary.code == 2
    assert "UTF-8" in binary.err


def test_a_terminal_is_asked_once_whether_to_use_a_found_model() -> None:
    """Promise: docs/command.md, language models: nobody is billed by surprise; the answer is remembered."""
    variables = {"ANTHROPIC_API_KEY": "sk-secret"}
    with on_terminal("serve", "--port", "0", variables=variables) as terminal:
        terminal.wait_for("Use anthropic:claude-sonnet-5-5? y/N")
        terminal.type("\r")
        terminal.wait_for("http://127.0.0.1:")
        terminal.type("\x03")
        assert terminal.end() == 0
    assert 'model = "offline"' in places.config_file().read_text(encoding="utf-8")
    assert "sk-secret" not in terminal.text
    with on_terminal("serve", "--port", "0", variables=variables) as terminal:
        terminal.wait_for("http://127.0.0.1:")
        terminal.type("\x03")
        assert terminal.end() == 0
    assert "y/N" not in terminal.text


def test_a_terminal_that_agrees_gets_the_model() -> None:
    """Promise: docs/command.md, language models."""
    with on_terminal("serve", "--port", "0", variables={"OPENAI_API_KEY": "sk-secret"}) as terminal:
        terminal.wait_for("y/N")
        terminal.type("y\r")
        terminal.wait_for("http://127.0.0.1:")
        (server,) = read_servers()
        terminal.type("\x03")
        assert terminal.end() == 0
    assert "model=openai:gpt-6.1-terra" in server.flags
    assert 'model = "openai:gpt-6.1-terra"' in places.config_file().read_text(encoding="utf-8")


def test_the_models_that_are_proposed_exist() -> None:
    """Promise: docs/command.md, language models: what is proposed can be used."""
    from pydantic_ai.models import KnownModelName  # noqa: PLC0415 - heavy, and only needed here

    known = set(get_args(KnownModelName.__value__))
    assert {found.model for found in _found_with_all_keys()} <= known


def _found_with_all_keys() -> list[FoundModel]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            patch.setenv(name, "sk-secret")
        return found_models()


@contextmanager
def _ollama(body: bytes) -> Generator[str]:
    class Tags(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Tags) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(BOUND_SECONDS)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"models": [{"name": "llama-of-mine:8b"}]}', "ollama:llama-of-mine:8b"),
        (b'{"models": []}', None),
        (b'{"models": [1]}', None),
        (b'{"models": [{"name": 1}]}', None),
        (b"[]", None),
        (b"no JSON", None),
    ],
)
def test_a_local_model_server_is_found(body: bytes, model: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, language models: a local model server; whatever else answers there is none."""
    with _ollama(body) as address:
        monkeypatch.setenv("OLLAMA_HOST", address)
        assert [found.model for found in found_models()] == ([model] if model else [])


@pytest.mark.parametrize("address", ["http://[", "https://127.0.0.1:1", "127.0.0.1:1"])
def test_an_address_without_a_model_server_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, language models: a setting of another program never breaks this one."""
    monkeypatch.setenv("OLLAMA_HOST", address)
    assert found_models() == []


def test_the_proposed_local_model_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, language models: what is proposed because OLLAMA_HOST answers works as it is."""
    with ModelServer(["It is in the cellar."]) as models:
        address = urlsplit(models.base_url)
        monkeypatch.setenv("OLLAMA_HOST", f"{address.hostname}:{address.port}")
        try:
            ended = command("ask", "--model", "ollama:llama-of-mine:8b", "Where is the wine?")
        finally:
            command("stop")
    assert (ended.code, ended.out) == (0, "It is in the cellar.\n")
    assert [(request.path, request.body["model"]) for request in models.received] == [
        ("/v1/chat/completions", "llama-of-mine:8b")
    ]


def test_a_named_model_is_used_without_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, language models: flag, environment, user file, else offline."""
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    assert choose_model(None, ask=False) == "offline"
    remember("model", "openai:of-the-file")
    assert choose_model(None, ask=False) == "openai:of-the-file"
    monkeypatch.setenv("ROBOCODERS_MODEL", "openai:of-the-environment")
    assert choose_model(None, ask=False) == "openai:of-the-environment"
    assert choose_model("openai:of-the-flag", ask=False) == "openai:of-the-flag"


def _status(address: str, token: str) -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=BOUND_SECONDS)
    try:
        connection.request("GET", "/sessions", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()
