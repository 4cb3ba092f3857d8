from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from robocoders.cli.processes import end_server, ended_process
from robocoders.client.discovery import LocalServer, process_start_time

DEAF = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); sys.stdin.read()"


@contextmanager
def deaf_server() -> Generator[tuple[subprocess.Popen[bytes], LocalServer]]:
    """A process that takes no notice of SIGTERM, as an entry of the list of servers."""
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        started = process_start_time(process.pid)
        yield (
            process,
            LocalServer("http://127.0.0.1:1", process.pid, started, "/d", "0", "local", (), None, "2026-01-01"),
        )


def test_a_server_that_does_not_stop_is_waited_for_within_bounds() -> None:
    """Promise: docs/command.md, robocoders stop: what did not stop is named."""
    with deaf_server() as (process, server):
        assert end_server(server, 0.1) is False
        assert process.poll() is None


def test_a_process_of_ours_that_does_not_end_is_killed() -> None:
    """Promise: docs/command.md, exit codes: one or two lines and no traceback, also where a start takes too long."""
    with deaf_server() as (process, _):
        process.terminate()
        assert ended_process(process, 0.1) == -signal.SIGKILL


def test_only_the_very_process_is_ended() -> None:
    """Promise: docs/command.md, robocoders stop: a number given to another process meanwhile is not signalled."""
    with deaf_server() as (process, server):
        assert server.process_started is not None
        assert end_server(replace(server, process_started=server.process_started + 1), 0.1) is True
        assert process.poll() is None
    assert end_server(server, 0.1) is True
