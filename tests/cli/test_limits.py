from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import typer

from robocoders import Robocoders
from robocoders.agents.budget import Ceilings
from robocoders.cli.limit_options import ceilings, command_limits, size
from robocoders.workspace.seal import Limits
from tests.cli.commands import COMMAND, command
from tests.cli.scripts import scripted


def test_a_new_session_gets_the_limits_and_the_network_that_were_asked_for(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --limit and --network."""
    with scripted(tmp_path / "data") as (service, script):
        flags = ["--limit", "iterations=7", "--limit", "ceiling_money_usd=0.5", "--network"]
        ended = command("ask", "hello", *flags)
        assert ended.code == 0, ended.err
        session = service.send("GET", "/sessions", token=service.token()).json["sessions"][0]
    assert session["limits"] == {"iterations": 7, "ceiling_money_usd": 0.5}
    assert session["network"] is True
    assert script.seen[0].request_limit == 7


@pytest.mark.parametrize("limit", ["iterations", "iterations=many", "=5", "money_usd=1.2.3"])
def test_what_is_no_limit_is_told(limit: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 2."""
    with scripted(tmp_path / "data"):
        ended = command("ask", "hello", "--limit", limit)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"Error: --limit {limit} is no limit")


def test_limits_of_a_session_are_changed_by_an_explicit_command(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions limit (nothing else lifts a ceiling)."""
    with scripted(tmp_path / "data") as (service, _), Robocoders(service.url) as client:
        session = client.create_session(limits={"ceiling_seconds": 0, "iterations": 3}, network=True)
        ended = command("ask", "--session", session.id, "hello")
        assert ended.code == 4
        assert "ceiling_seconds" in ended.out
        wrong = command("ask", "--session", session.id, "--limit", "ceiling_seconds=60", "hello")
        assert (wrong.code, f"robocoders sessions limit {session.id}" in wrong.err) == (2, True)
        told = command("sessions", "limit", session.id)
        assert json.loads(told.out) == {"ceiling_seconds": 0, "iterations": 3}
        changed = command("sessions", "limit", session.id, "--limit", "ceiling_seconds=60", "--limit", "iterations=")
        assert json.loads(changed.out) == {"ceiling_seconds": 60}
        assert command("ask", "--session", session.id, "hello").code == 0
        shown = command("sessions", "show", session.id).out
        assert "network      on" in shown
        assert "spent        $0.000000, 0 tokens" in shown
        assert session.set_limits({}).limits == {}
        assert session.info().network


def test_the_network_belongs_to_the_new_session(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --network."""
    with scripted(tmp_path / "data"):
        ended = command("ask", "--network", "--session", "s", "hello")
    assert (ended.code, "--network belongs to a new session" in ended.err) == (2, True)


def test_a_ceiling_of_a_user_ends_prompts_until_the_server_allows_more(tmp_path: Path) -> None:
    """Promise: docs/command.md, serve --user-ceiling-...: exit code 4, and who can raise it."""
    flags = ["--port", "0", "--data-dir", str(tmp_path / "data")]
    for ceiling, code in ((["--user-ceiling-tokens", "0"], 4), (["--user-ceiling-money-usd", "2.5"], 0)):
        serving = [*COMMAND, "serve", *flags, *ceiling]
        with subprocess.Popen(serving, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            ended = command("ask", "--base-url", address, "hello")
            server.terminate()
        assert ended.code == code, ended.err
        assert ("`--user-ceiling-tokens`" in ended.out) == (code == 4)


@pytest.mark.parametrize(
    ("text", "amount"), [("1", 1), ("64K", 65_536), ("512m", 512 << 20), ("2G", 2 << 30), ("1GiB", 1 << 30)]
)
def test_sizes_are_read_as_people_write_them(text: str, amount: int) -> None:
    """Promise: docs/command.md, serve: K, M and G are powers of 1024."""
    assert size(text) == amount


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5G", "G", "2X"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """Promise: docs/command.md, exit codes: 2."""
    with pytest.raises(typer.BadParameter):
        size(text)


def test_limits_that_are_not_given_stay_as_usual() -> None:
    """Promise: docs/command.md, serve: the limits of commands and users."""
    assert command_limits((None, None, None, None), (None, None, None)) is None
    assert command_limits((1.5, 2, 3, 4), (5, None, 7)) == Limits(
        wall_seconds=1.5, cpu_seconds=2, memory_bytes=3, processes=4, file_bytes=5, workspace_bytes=7
    )
    assert ceilings(None, None, None) is None
    assert ceilings(0.1, None, 5) == Ceilings(cost_micro_usd=100_000, seconds=5)
