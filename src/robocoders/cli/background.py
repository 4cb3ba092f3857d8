"""A server of this user's own for `ask` and `chat`: the one that runs, else one started in the background.

The background server is detached (a session of its own, standard input closed, its log in a private file), keeps to
the same data directory, and leaves by itself after `IDLE_EXIT_MINUTES` without work. Commands that start at once
agree by a lock: the first starts the server, the others find it.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, Final

from robocoders import __version__
from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.model_choice import OFFLINE, choose_model
from robocoders.cli.processes import end_server, ended_process
from robocoders.cli.terminal import say
from robocoders.client import places
from robocoders.client.configuration import Setting, resolve
from robocoders.client.destination import find_running
from robocoders.client.discovery import LocalServer, find_server
from robocoders.client.private_files import lock_beside
from robocoders.errors import APIConnectionError, ConfigurationError

__all__ = ["IDLE_EXIT_MINUTES", "START_SECONDS", "running_server"]

IDLE_EXIT_MINUTES: Final = 10
START_SECONDS: Final = 30.0
_LARGEST_LOG_BYTES: Final = 4_000_000
_LAST_WORDS_BYTES: Final = 4_000
_DATABASE_FILE: Final = "sqlite:///"


def running_server() -> LocalServer:
    """The server to talk to when none is named; starts one where none runs.

    Raises:
        ConfigurationError: It cannot start as things are set; the message is the server's own.
        APIConnectionError: It did not become ready.
    """
    data_dir = resolve("data_dir")
    server = find_running(data_dir)
    if server is not None and not _is_outdated(server):
        return server
    log = places.state_dir() / "background.log"
    try:
        lock = lock_beside(log)
        with lock.acquire(timeout=2 * START_SECONDS):
            server = find_running(data_dir)
            if server is not None and _is_outdated(server):
                server = _replaced(server)
            return server or _start(_directory(data_dir), log)
    except TimeoutError:
        raise APIConnectionError(f"Another command has been starting a server for too long; see {log}") from None


def _directory(data_dir: Setting) -> Path:
    return Path(data_dir.value or "").expanduser().resolve()


def _is_outdated(server: LocalServer) -> bool:
    """Whether a background server runs another version, or was started with other settings or model keys.

    A server that somebody started by hand is used as it is.
    """
    from robocoders.server.settings import Settings  # noqa: PLC0415 - only where a server runs on this machine

    if "idle-exit" not in server.flags:
        return False
    wanted = Settings(
        data_dir=Path(server.data_dir),
        model=resolve("model").value or OFFLINE,
        model_url=resolve("model_url").value,
        database_url=_database_url(),
        idle_exit_minutes=IDLE_EXIT_MINUTES,
    )
    return server.version != __version__ or server.flags != wanted.flags


def _replaced(server: LocalServer) -> LocalServer | None:
    """Stop an outdated server where it is idle; a busy one stays, and is named."""
    difference = f"version {server.version}" if server.version != __version__ else "other settings"
    if _is_busy(server):
        say(f"The server {server.url} runs with {difference} and is busy; it is used as it is. To end it: stop")
        return server
    say(f"The idle server {server.url} runs with {difference}; it is started anew.")
    end_server(server)
    return None


def _is_busy(server: LocalServer) -> bool:
    from robocoders.client import Robocoders  # noqa: PLC0415

    with Robocoders(base_url=server.url) as client:
        return any(session.state in {"queued", "running"} for session in client.sessions())


def _start(data_dir: Path, log: Path) -> LocalServer:
    model = choose_model(None, ask=True)
    say(f"Starting a server in the background; it leaves after {IDLE_EXIT_MINUTES} minutes without work.")
    flags = ["--port", "0", "--data-dir", str(data_dir), "--model", model, "--idle-exit", str(IDLE_EXIT_MINUTES)]
    with _opened_log(log) as errors:
        size_before = os.fstat(errors.fileno()).st_size
        # -P and the root directory: no file of the user's project may stand in for a module.
        process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-P", "-m", "robocoders", "serve", *flags],
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        url = _first_line(process)
    except BaseException:
        process.terminate()
        raise
    server = find_server(url) if url else None
    if server is None:
        process.terminate()
        raise _start_error(process, log, size_before)
    return server


def _environment() -> dict[str, str]:
    """This command's environment with paths that mean the same from the root directory."""
    changed = {"ROBOCODERS_CONFIG": str(places.config_file().absolute())}
    database_url = _database_url()
    if database_url:
        changed["ROBOCODERS_DATABASE_URL"] = database_url
    return {**os.environ, **changed}


def _database_url() -> str | None:
    """The database's address with an absolute path, where it is one of a file."""
    url = resolve("database_url").value
    path = (url or "").removeprefix(_DATABASE_FILE)
    if path in {url, "", ":memory:"}:
        return url
    return f"{_DATABASE_FILE}{Path(path).absolute()}"


def _first_line(process: subprocess.Popen[bytes]) -> str:
    """The address that the server prints when it is ready; empty where it died or took too long."""
    assert process.stdout is not None
    with process.stdout as output:
        poll = select.poll()
        poll.register(output, select.POLLIN | select.POLLHUP)
        # Only one short line is ever written, so it comes as a whole.
        return output.readline().decode().strip() if poll.poll(START_SECONDS * 1000) else ""


def _start_error(
    process: subprocess.Popen[bytes], log: Path, size_before: int
) -> ConfigurationError | APIConnectionError:
    with log.open("rb") as file:
        file.seek(max(size_before, log.stat().st_size - _LAST_WORDS_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "it said nothing").removeprefix("Error: ")
    kind = ConfigurationError if ended_process(process) == ExitCode.USAGE else APIConnectionError
    return kind(f"The server did not start: {last}\nIts log: {log}")


def _opened_log(log: Path) -> BinaryIO:
    """The log, opened to append, private, and not without end."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_size > _LARGEST_LOG_BYTES:
        os.ftruncate(descriptor, 0)
    return open(descriptor, "ab")  # noqa: PTH123 - a descriptor
