from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from robocoders.client.discovery import LocalServer, process_start_time, read_servers, register, unregister
from tests.cli.commands import BOUND_SECONDS, COMMAND, command
from tests.cli.scripts import scripted


@pytest.fixture(autouse=True)
def _stopped(home: Path) -> Generator[None]:
    """Whatever a test started in the background is ended after it."""
    yield
    for server in read_servers():
        if server.pid != os.getpid():
            command("stop")


def test_ask_starts_a_server_and_stop_ends_it(home: Path) -> None:
    """Promise: docs/command.md, the server in the background."""
    first = command("ask", "hello")
    assert first.code == 0
    assert first.err.startswith("Starting a server in the background")
    (server,) = read_servers()
    assert server.data_dir == str(home / ".local/share/robocoders")
    assert os.getsid(server.pid) == server.pid
    assert Path(f"/proc/{server.pid}/fd/0").readlink() == Path(os.devnull)
    assert Path(f"/proc/{server.pid}/cwd").resolve() == Path("/")
    log = home / ".local/state/robocoders/background.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    second = command("ask", "hello")
    assert (second.code, second.err) == (0, "")
    assert read_servers() == [server]

    stopped = command("stop")
    assert (stopped.code, stopped.out, stopped.err) == (0, f"stopped {server.url}\n", "")
    assert not server.is_alive()
    again = command("stop")
    assert (again.code, again.out, again.err) == (0, "", "No server of yours is running.\n")


def test_commands_that_start_at_once_agree_on_one_server() -> None:
    """Promise: docs/command.md, the server in the background."""
    line = [*COMMAND, "ask", "hello"]
    asking = [
        subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=BOUND_SECONDS) for process in asking]
    assert [process.returncode for process in asking] == [0, 0, 0]
    assert sum("Starting a server" in errors for _, errors in ended) == 1
    assert len(read_servers()) == 1


def test_an_idle_server_with_other_settings_is_started_anew() -> None:
    """Promise: docs/command.md, the server in the background: model keys that came later count."""
    assert command("ask", "hello").code == 0
    (old,) = read_servers()
    ended = command("ask", "hello", variables={"OPENAI_API_KEY": "sk-secret"})
    assert ended.code == 0
    assert f"The idle server {old.url} runs with other settings; it is started anew." in ended.err
    assert "OPENAI_API_KEY is set. No language model is used; to use it: --model openai:" in ended.err
    assert "sk-secret" not in ended.err
    (new,) = read_servers()
    assert new.pid != old.pid
    assert not old.is_alive()


def test_a_busy_server_with_other_settings_is_used_and_named(tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background: nobody's work is ended."""
    with scripted(tmp_path / "data", idle_exit_minutes=10.0) as (service, script):
        token = service.token()
        sid = service.session(token)
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}):
            assert script.held.wait(BOUND_SECONDS)
            ended = command("ask", "hello", variables={"ROBOCODERS_MODEL": "openai:other"})
            script.go_on.set()
    assert ended.code == 0
    assert f"The server {service.url} runs with other settings and is busy" in ended.err
    assert ended.out == "You said: hello\n"


def test_a_busy_server_of_another_version_is_named_with_it(tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background: another version."""
    with scripted(tmp_path / "data", idle_exit_minutes=10.0) as (service, script):
        (server,) = read_servers()
        register(replace(server, version="0.0.1"))
        token = service.token()
        sid = service.session(token)
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}):
            assert script.held.wait(BOUND_SECONDS)
            ended = command("ask", "hello")
            script.go_on.set()
    assert "runs with version 0.0.1 and is busy" in ended.err


def test_a_chosen_data_directory_wants_its_own_server(tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background: the same data directory."""
    with scripted(tmp_path / "other"):
        ended = command("ask", "hello", variables={"ROBOCODERS_DATA_DIR": str(tmp_path / "mine")})
        assert ended.code == 0
        assert "Starting a server" in ended.err
        assert {server.data_dir for server in read_servers()} == {str(tmp_path / "other"), str(tmp_path / "mine")}
        for server in read_servers():
            if server.pid != os.getpid():
                unregister(os.getpid())
                assert command("stop").out == f"stopped {server.url}\n"


def test_a_server_that_cannot_start_says_why(tmp_path: Path, home: Path) -> None:
    """Promise: docs/command.md, exit codes: 2, with the server's own words and where its log is."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = command("ask", "hello", variables={"ROBOCODERS_DATA_DIR": str(tmp_path / "file")})
    assert ended.code == 2
    assert str(tmp_path / "file") in ended.err
    assert f"Its log: {home / '.local/state/robocoders/background.log'}" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("origin", ["environment", "user file"])
def test_relative_paths_mean_the_same_in_the_background(origin: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background, which works in the root directory."""
    project = tmp_path / "project"
    project.mkdir()
    url = "sqlite:///events.db"
    variables = {"ROBOCODERS_CONFIG": "settings.toml"}
    (project / "settings.toml").write_text(f'database_url = "{url}"\n' if origin == "user file" else "")
    if origin == "environment":
        variables["ROBOCODERS_DATABASE_URL"] = url
    ended = command("ask", "hello", variables=variables, cwd=project)
    assert ended.code == 0, ended.err
    assert (project / "events.db").is_file()
    (server,) = read_servers()
    environment = Path(f"/proc/{server.pid}/environ").read_bytes().split(b"\0")
    assert f"ROBOCODERS_CONFIG={project / 'settings.toml'}".encode() in environment
    again = command("ask", "hello", variables=variables, cwd=project)
    assert (again.code, again.err) == (0, "")
    assert read_servers() == [server]


def test_a_server_that_leaves_at_first_contact_is_replaced(tmp_path: Path) -> None:
    """Promise: docs/command.md, the server in the background: it leaves by itself, and a prompt may come just then."""
    process_started = process_start_time(os.getpid())
    with socket.create_server(("127.0.0.1", 0)) as leaving:
        url = f"http://127.0.0.1:{leaving.getsockname()[1]}"
        register(LocalServer(url, os.getpid(), process_started, str(tmp_path), "0", "open", (), None, "2026-01-01"))

        def leave() -> None:
            connection, _ = leaving.accept()
            unregister(os.getpid())
            leaving.close()
            connection.close()

        thread = threading.Thread(target=leave)
        thread.start()
        ended = command("ask", "hello")
        thread.join(BOUND_SECONDS)
    assert ended.code == 0, ended.err
    assert ended.err.startswith("Starting a server in the background")
    assert len(read_servers()) == 1


def test_a_database_that_cannot_be_used_is_told_and_its_password_is_not() -> None:
    """Promise: docs/command.md, exit codes: 2, one or two lines."""
    ended = command("ask", "hello", variables={"ROBOCODERS_DATABASE_URL": "postgresql://me:secret@localhost/events"})
    assert ended.code == 2
    assert "postgresql" in ended.err
    assert "secret" not in ended.err


def test_a_log_that_has_grown_large_begins_anew(tmp_path: Path, home: Path) -> None:
    """Promise: docs/command.md, the server in the background: its log is bounded."""
    log = home / ".local/state/robocoders/background.log"
    log.parent.mkdir(parents=True, mode=0o700)
    log.write_bytes(b"x" * 5_000_000)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert command("ask", "hello", variables={"ROBOCODERS_DATA_DIR": str(tmp_path / "file")}).code == 2
    assert log.stat().st_size < 100_000
