from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from robocoders.client import places
from robocoders.client.discovery import LocalServer, process_start_time, register
from tests.cli.commands import command
from tests.cli.scripts import scripted


def test_each_setting_is_shown_with_its_origin(home: Path) -> None:
    """Promise: docs/command.md, config show; no secret is shown."""
    path = places.config_file()
    path.parent.mkdir(parents=True)
    path.write_text('model = "openai:of-the-file"\ndatabase_url = "postgresql://me:hidden@db/x"\n', encoding="utf-8")
    variables = {"ROBOCODERS_API_TOKEN": "secret-token", "ROBOCODERS_BASE_URL": "http://me:hidden@127.0.0.1:1"}
    ended = command("config", "show", variables=variables)
    rows = {row.split()[0]: row.split()[1:] for row in ended.out.splitlines()}
    assert rows["base_url"] == ["http://me@127.0.0.1:1", "environment", "ROBOCODERS_BASE_URL"]
    assert rows["api_token"] == ["(set)", "environment", "ROBOCODERS_API_TOKEN"]
    assert rows["model"] == ["openai:of-the-file", "user", "file", str(path)]
    assert rows["model_url"][-1] == "default"
    assert rows["data_dir"] == [str(home / ".local/share/robocoders"), "default"]
    assert rows["database_url"][0] == "postgresql://me@db/x"
    assert rows["user"] == ["file", str(path)]
    assert "secret-token" not in ended.out
    assert "hidden" not in ended.out
    assert command("config", "show").out.splitlines()[0].split() == ["base_url", "(your", "server", "here)", "default"]


def test_a_broken_user_file_is_told() -> None:
    """Promise: docs/command.md, exit codes: 2, with the file's name."""
    path = places.config_file()
    path.parent.mkdir(parents=True)
    path.write_text("model = ", encoding="utf-8")
    ended = command("config", "show")
    assert ended.code == 2
    assert str(path) in ended.err
    assert len(ended.err.splitlines()) == 1


def test_the_agents_are_listed() -> None:
    """Promise: docs/command.md, agents."""
    ended = command("agents")
    assert [row.split()[0] for row in ended.out.splitlines()] == ["GeneralCodingAgent", "RepoAgent", "FrontEndAgent"]


def test_doctor_finds_a_machine_that_has_all_it_needs(tmp_path: Path, home: Path) -> None:
    """Promise: docs/command.md, doctor: exit code 0 when the basics work; nothing is created, no key is shown."""
    with scripted(tmp_path / "data") as (service, _):
        ended = command("doctor", variables={"OPENAI_API_KEY": "sk-secret"})
    assert ended.code == 0, ended.out
    assert service.url in ended.out
    assert "OPENAI_API_KEY is set; not used" in ended.out
    assert "sk-secret" not in ended.out
    assert not (home / ".local/share/robocoders").exists()
    named = command("doctor", variables={"ROBOCODERS_MODEL": "openai:of-mine"})
    assert "openai:of-mine, from environment ROBOCODERS_MODEL" in named.out
    assert "none runs" in named.out


@pytest.mark.parametrize(
    ("installer", "line"), [("apt-get", "sudo apt-get install"), ("dnf", "sudo dnf install"), (None, "install")]
)
def test_doctor_names_the_line_that_mends_it(installer: str | None, line: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: programs that are missing, in the words of this machine's installer."""
    programs = tmp_path / "bin"
    programs.mkdir()
    if installer is not None:
        (programs / installer).touch(mode=0o755)
    ended = command("doctor", variables={"PATH": str(programs)})
    assert ended.code == 0
    assert f"mend it: {line} git\n" in ended.out
    assert "bubblewrap (the command bwrap) is not installed; agents run no commands" in ended.out
    assert re.search(r"mend it: .*bubblewrap\n", ended.out)


@pytest.mark.needs_bubblewrap
def test_doctor_says_what_seals_commands_and_what_holds_their_limits() -> None:
    """Promise: docs/command.md, doctor: whether commands can be sealed, and by what limits are kept to."""
    ended = command("doctor")
    assert "ok  sealed commands    by bubblewrap" in ended.out
    for what in ("memory: ", "processes: ", "commands run as: ", "watcher: "):
        assert what in ended.out


def test_doctor_finds_keys_in_files(tmp_path: Path) -> None:
    """Promise: docs/environment.md: every variable of a key has a variant that names a file."""
    ended = command("doctor", variables={"ANTHROPIC_API_KEY_FILE": str(tmp_path / "key")})
    assert "ANTHROPIC_API_KEY_FILE is set; not used" in ended.out


def test_doctor_notices_a_python_without_environments(tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor: Debian's python3 lacks ensurepip."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n", encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "apt-get").touch(mode=0o755)
    ended = command("doctor", variables={"PYTHONPATH": str(tmp_path), "PATH": str(programs)})
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert "this Python lacks ensurepip" in ended.out
    assert f"mend it: sudo apt-get install {version}" in ended.out


def test_doctor_fails_when_the_basics_do(home: Path) -> None:
    """Promise: docs/command.md, doctor: exit code 1; places that cannot be used, an open list, a dead server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    started = process_start_time(os.getpid())
    register(LocalServer(url, os.getpid(), started, "/data", "0.0.1", "local", (), "key", "2026-01-01T00:00:00"))
    (home / ".cache").write_text("", encoding="utf-8")
    ended = command("doctor")
    assert ended.code == 1
    assert f"{home / '.cache'} is no directory" in ended.out
    assert f"{url}, version 0.0.1" in ended.out
    assert "does not answer" in ended.out
    assert ended.out.splitlines()[-1] == "Missing: cache, server"
    places.discovery_file().chmod(0o644)
    assert f"mend it: chmod 600 {places.discovery_file()}" in command("doctor").out


def test_doctor_notices_a_place_that_cannot_be_written() -> None:
    """Promise: docs/command.md, doctor; a directory where even the administrator cannot make a file."""
    ended = command("doctor", variables={"XDG_CACHE_HOME": "/proc/self"})
    assert ended.code == 1
    assert "/proc/self cannot be written" in ended.out


def test_attacks_are_refused_where_nothing_can_be_sealed(tmp_path: Path) -> None:
    """Promise: docs/command.md, doctor --attack: it says why and what mends it; alone, --jsonl is wrong use."""
    ended = command("doctor", "--attack", variables={"PATH": str(tmp_path)})
    assert ended.code == 2
    assert ended.out == ""
    assert "cannot be sealed" in ended.err
    assert "bubblewrap" in ended.err
    assert command("doctor", "--jsonl").code == 2
