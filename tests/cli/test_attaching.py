from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.chaos.server_process import free_port
from tests.cli.commands import command
from tests.cli.scripts import Script, scripted
from tests.cli.terminals import on_terminal

BOUND = 20.0


def test_the_present_answer_is_shown_from_its_first_event(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --attach: whoever asked, live text included."""
    with scripted(tmp_path / "data") as (service, script):
        token = service.token()
        sid = service.session(token)
        service.chat(token, sid, "an earlier one")
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "run"}):
            assert script.held.wait(BOUND)
            with on_terminal("ask", "--session", sid, "--attach") as terminal:
                terminal.wait_for("· Running")
                terminal.wait_for("made")
                script.go_on.set()
                assert terminal.end() == 0
        assert service.send("GET", f"/sessions/{sid}", token=token).json["turns"] == 2
    assert terminal.screen.splitlines() == ["· Running", "  made", "Done."]


def test_the_newest_answer_is_shown_again(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --attach: where nothing runs; the exit code is that of its outcome."""
    with scripted(tmp_path / "data") as (service, _):
        token = service.token()
        sid = service.session(token)
        service.chat(token, sid, "an earlier one")
        newest = service.chat(token, sid, "end question", query="?events=all")
        shown = command("ask", "--session", sid, "--attach")
        lines = command("ask", "--session", sid, "--attach", "--jsonl")
    assert (shown.code, shown.out) == (6, "It ended: question\n")
    assert "To answer: robocoders ask --session" in shown.err
    assert (lines.code, lines.out.encode()) == (6, newest.body)


def test_who_is_attached_stops_nothing_by_leaving(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --attach: Ctrl-C and --timeout only leave."""
    with scripted(tmp_path / "data") as (service, script):
        token = service.token()
        sid = service.session(token)
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}):
            assert script.held.wait(BOUND)
            with on_terminal("ask", "--session", sid, "--attach") as terminal:
                terminal.wait_for("holding")
                terminal.type("\x03")
                assert terminal.end() == 130
            over = command("ask", "--session", sid, "--attach", "--timeout", "1")
            assert service.send("GET", f"/sessions/{sid}", token=token).json["state"] == "running"
    assert f"to stop it: robocoders sessions cancel {sid}" in terminal.text
    assert over.code == 124
    assert f"to stop it: robocoders sessions cancel {sid}" in over.err


def test_a_session_that_was_asked_nothing_has_no_answer(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --attach: exit code 2 in words, for a session that nobody knows, too."""
    with scripted(tmp_path / "data") as (service, _):
        sid = service.session(service.token())
        for flags in ([], ["--jsonl"]):
            nothing = command("ask", "--session", sid, "--attach", *flags)
            assert (nothing.code, nothing.out) == (2, "")
            assert nothing.err == f"Error: The session {sid} has not been asked anything yet, so there is no answer\n"
        unknown = command("ask", "--session", "00000000-0000-4000-8000-000000000000", "--attach")
    assert (unknown.code, unknown.out, len(unknown.err.splitlines())) == (2, "", 1)


@pytest.mark.slow
def test_who_has_lost_the_server_for_good_is_told_how_to_read_on(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask: after half a minute without anything new; the prompt does not run again."""
    port, script = free_port(), Script()
    with scripted(tmp_path / "data", port=port) as (first, _), on_terminal("ask", "hold") as terminal:
        terminal.wait_for("holding")
        first.suspend()
        assert terminal.end() == 5
        told = re.search(r"To read on: robocoders (ask --session \S+ --attach)", terminal.text)
    assert told is not None
    script.go_on.set()
    with scripted(tmp_path / "data", port=port, script=script):
        ended = command(*told[1].split())
    assert (ended.code, ended.out) == (0, "holding\n\nYou said: hold\n")
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--attach"], "--session"),
        (["--attach", "--session", "s", "a prompt"], "PROMPT"),
        (["--attach", "--session", "s", "-"], "PROMPT"),
        (["--attach", "--session", "s", "--agent", "RepoAgent"], "--agent"),
        (["--attach", "--session", "s", "--workspace", "."], "--workspace"),
        (["--attach", "--session", "s", "--model", "offline"], "--model"),
    ],
)
def test_who_attaches_asks_nothing(arguments: list[str], told: str) -> None:
    """Promise: docs/command.md, ask --attach: what would have no effect is refused, and no server is started."""
    ended = command("ask", *arguments, stdin=b"piped in")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
