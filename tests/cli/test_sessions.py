from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import command
from tests.cli.scripts import scripted
from tests.cli.terminals import on_terminal


def test_sessions_are_listed_shown_and_deleted(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions."""
    with scripted(tmp_path / "data"):
        nothing = command("sessions", "list")
        assert (nothing.code, nothing.out, nothing.err) == (0, "", "There are no sessions.\n")
        command("ask", "hello", "--workspace", str(tmp_path))
        listed = command("sessions", "list")
        sid = listed.out.split()[0]
        assert listed.out.split()[1:4] == ["idle", "1", "prompt"]
        assert listed.out.rstrip().endswith(str(tmp_path))
        (line,) = command("sessions", "list", "--jsonl").out.splitlines()
        assert json.loads(line)["id"] == sid
        shown = command("sessions", "show", sid).out
        assert dict(row.split(maxsplit=1) for row in shown.splitlines() if row.startswith(("id", "workspace"))) == {
            "id": sid,
            "workspace": str(tmp_path),
        }
        assert json.loads(command("sessions", "show", "--jsonl", sid).out)["workspace"] == str(tmp_path)
        deleted = command("sessions", "delete", sid)
        assert (deleted.code, deleted.out) == (0, f"deleted {sid}\n")
        gone = command("sessions", "show", sid)
        assert gone.code == 2
        assert gone.err.startswith("Error: ")


def test_a_person_is_asked_before_a_session_is_deleted(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions delete: at a terminal, unless --yes."""
    with scripted(tmp_path / "data") as (service, _):
        token = service.token()
        service.chat(token, service.session(token), "hello")
        sid = service.send("GET", "/sessions", token=token).json["sessions"][0]["sid"]
        for typed, code in (("n\r", 1), ("y\r", 0)):
            with on_terminal("sessions", "delete", sid) as terminal:
                terminal.wait_for("y/N")
                terminal.type(typed)
                assert terminal.end() == code
        assert service.send("GET", f"/sessions/{sid}", token=token).status == 404
        service.chat(token, other := service.session(token), "hello")
        with on_terminal("sessions", "delete", "--yes", other) as terminal:
            assert terminal.end() == 0


def test_events_are_printed_as_lines_or_as_on_the_wire(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions events."""
    with scripted(tmp_path / "data") as (service, _):
        token = service.token()
        sid = service.session(token)
        service.chat(token, sid, "long")
        log = service.send("GET", f"/sessions/{sid}/events?after=0", token=token).body
        raw = command("sessions", "events", "--jsonl", sid)
        rows = command("sessions", "events", sid).out.splitlines()
        later = command("sessions", "events", "--after", "2", sid).out.splitlines()
    assert raw.out.encode() == log
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert [row.split()[2] for row in rows] == ["recall", "recall", "message"]
    assert all(len(row) < 240 for row in rows)
    assert later == rows[2:]


def test_events_are_followed_and_work_is_cancelled(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions events --follow and sessions cancel."""
    with scripted(tmp_path / "data") as (service, script):
        token = service.token()
        sid = service.session(token)
        with service.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}):
            assert script.held.wait(20)
            with on_terminal("sessions", "events", "--follow", sid) as terminal:
                terminal.wait_for("holding")
                cancelled = command("sessions", "cancel", sid)
                terminal.wait_for("message")
                terminal.type("\x03")
                assert terminal.end() == 130
        nothing = command("sessions", "cancel", sid)
    assert (cancelled.code, cancelled.out) == (0, f"cancelled {sid}\n")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "The session was doing nothing.\n")


@pytest.mark.parametrize("sid", ["abc", "00000000-0000-4000-8000-000000000000"])
def test_a_session_that_does_not_exist_is_a_wrong_argument(sid: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 2, in words."""
    with scripted(tmp_path / "data"):
        for arguments in (("show", sid), ("events", sid), ("cancel", sid), ("delete", sid)):
            ended = command("sessions", *arguments)
            assert (ended.code, ended.out) == (2, ""), ended.err
            assert "session" in ended.err.lower()
            assert len(ended.err.splitlines()) == 1
