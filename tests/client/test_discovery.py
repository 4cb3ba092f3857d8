from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from robocoders import ConfigurationError
from robocoders.client import places
from robocoders.client.destination import choose_destination
from robocoders.client.discovery import (
    LocalServer,
    find_server,
    process_start_time,
    read_servers,
    register,
    unregister,
)

ROOT = Path(__file__).resolve().parents[2]


def _server(port: int = 8760, *, pid: int | None = None, started_at: str = "2026-01-01T00:00:00") -> LocalServer:
    pid = os.getpid() if pid is None else pid
    return LocalServer(
        url=f"http://127.0.0.1:{port}",
        pid=pid,
        process_started=process_start_time(pid),
        data_dir="/data",
        version="0.1.0",
        auth="local",
        flags=("--network",),
        sign_in_key="secret-key",
        started_at=started_at,
    )


def _raw(**changes: object) -> None:
    """Write a list with one entry, as somebody else might have."""
    if not places.discovery_file().exists():
        register(_server())
    content = json.loads(places.discovery_file().read_bytes())
    content["servers"] = [{**content["servers"][0], **changes}]
    places.discovery_file().write_text(json.dumps(content))


def test_a_registered_server_is_found_at_its_exact_address() -> None:
    """Promise: one discovery file per user lists its servers, mode 0600."""
    server = _server()
    register(server)
    assert read_servers() == [server]
    assert find_server("http://127.0.0.1:8760/") == server
    assert find_server("http://localhost:8760") is None
    assert find_server("http://127.0.0.1:8761") is None
    path = places.discovery_file()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "secret-key" not in repr(server)


def test_a_server_that_left_is_no_longer_listed() -> None:
    """Promise: a server takes itself off the list when it stops."""
    register(_server())
    unregister(os.getpid() + 1)
    assert len(read_servers()) == 1
    unregister(os.getpid())
    assert read_servers() == []


def test_a_server_started_again_takes_its_old_place() -> None:
    """Promise: one entry a process and address."""
    register(_server(8760))
    register(_server(8761))
    assert [server.url for server in read_servers()] == ["http://127.0.0.1:8761"]


def test_the_newest_server_comes_first_and_is_chosen() -> None:
    """Promise: base_url falls back to the running local server, the newest of several."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        register(_server(1, started_at="2026-01-02T00:00:00"))
        register(_server(2, pid=other.pid, started_at="2026-01-03T00:00:00"))
        assert [server.url for server in read_servers()] == ["http://127.0.0.1:2", "http://127.0.0.1:1"]
        chosen = choose_destination(None)
        assert (chosen.address, chosen.sign_in_key) == ("http://127.0.0.1:2", "secret-key")
        assert "secret-key" not in repr(chosen)
        other.communicate(b"\n")
    assert [server.url for server in read_servers()] == ["http://127.0.0.1:1"]


def test_a_dead_process_is_not_listed() -> None:
    """Promise: a stale discovery file of a dead process is not believed."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    started = process_start_time(child.pid)
    child.wait()
    register(replace(_server(), pid=child.pid, process_started=started))
    assert read_servers() == []
    assert process_start_time(child.pid) is None


def test_a_process_that_nobody_waited_for_is_dead() -> None:
    """Promise: only live processes are listed."""
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        register(_server(pid=child.pid))
        assert child.stdout is not None
        child.stdout.read()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert read_servers() == []


def test_a_later_process_with_the_same_number_is_another() -> None:
    """Promise: a process is known by its number and its start time."""
    _raw(process_started=1)
    assert read_servers() == []
    _raw(process_started=None)
    assert len(read_servers()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": 0},
        {"pid": "1"},
        {"pid": True},
        {"pid": 2**80},
        {"url": 5},
        {"url": "gopher://x"},
        {"flags": "x"},
        {"sign_in_key": 7},
    ],
)
def test_an_odd_entry_is_left_out(changes: dict[str, object]) -> None:
    """Promise: anything wrong with the list is as good as no list."""
    _raw(**changes)
    assert read_servers() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"servers": {}}', b'{"servers": [1]}', b"\xff", b"[" * 9000])
def test_a_corrupt_list_counts_as_empty(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: anything wrong with the list is as good as no list; it is logged for those who look."""
    caplog.set_level(logging.DEBUG, "robocoders")
    register(_server())
    places.discovery_file().write_bytes(content)
    assert read_servers() == []
    assert content == b'{"servers": [1]}' or "is not used" in caplog.text
    register(_server())
    assert len(read_servers()) == 1


def test_a_list_that_others_can_read_is_not_believed() -> None:
    """Promise: a discovery file of somebody else, or open to others, is not believed."""
    register(_server())
    places.discovery_file().chmod(0o644)
    assert read_servers() == []


def test_a_list_that_is_a_link_is_not_believed_and_not_written_through(tmp_path: Path) -> None:
    """Promise: the discovery file is no symbolic link."""
    register(_server())
    path = places.discovery_file()
    target = path.rename(tmp_path / "elsewhere")
    path.symlink_to(target)
    before = target.read_bytes()
    assert read_servers() == []
    register(_server(9))
    assert target.read_bytes() == before
    assert [server.url for server in read_servers()] == ["http://127.0.0.1:9"]


def test_a_list_that_cannot_be_written_is_named() -> None:
    """Promise: errors, ConfigurationError names the place."""
    places.state_dir().parent.mkdir(parents=True)
    places.state_dir().write_text("no directory")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        register(_server())
    assert read_servers() == []


_CHILD = """
import os, sys
from robocoders.client.discovery import LocalServer, process_start_time, register
port = int(sys.argv[1])
pid = os.getpid()
register(LocalServer(f"http://127.0.0.1:{port}", pid, process_start_time(pid), "/d", "1", "open", (), None, "2026"))
print(flush=True)
input()
"""


def test_servers_that_start_at_once_are_all_listed() -> None:
    """Promise: two starting at once agree by the lock."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        for port in range(1, 11)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    try:
        assert {server.url for server in read_servers()} == {f"http://127.0.0.1:{port}" for port in range(1, 11)}
    finally:
        for child in children:
            child.communicate(b"\n")
