from __future__ import annotations

import stat
from pathlib import Path

from robocoders.client.discovery import read_servers
from tests.cli.commands import command
from tests.cli.scripts import scripted
from tests.cli.terminals import on_terminal


def test_a_conversation_keeps_its_session_until_a_new_one_is_wished_for(tmp_path: Path, home: Path) -> None:
    """Promise: docs/command.md, chat: one session, its own words, Ctrl-C at the prompt, Ctrl-D leaves."""
    with scripted(tmp_path / "data") as (service, script), on_terminal("chat", "--agent", "RepoAgent") as terminal:
        terminal.answer_prompt("/session\r")
        terminal.wait_for("There is no session yet")
        terminal.answer_prompt("first\r")
        terminal.wait_for("You said: first")
        terminal.answer_prompt("half a line\x03")
        terminal.wait_for("half a line")
        terminal.answer_prompt("second\r")
        terminal.wait_for("You said: second")
        sid = service.send("GET", "/sessions", token=service.token()).json["sessions"][0]["sid"]
        terminal.answer_prompt("/session\r")
        terminal.wait_for(sid)
        terminal.answer_prompt("/new\r")
        terminal.wait_for("begins a new session")
        terminal.answer_prompt("/help\r")
        terminal.wait_for("/exit")
        terminal.answer_prompt("/etc/hosts is what?\r")
        terminal.wait_for("You said: /etc/hosts is what?")
        terminal.answer_prompt("\x04")
        assert terminal.end() == 0
        sessions = service.send("GET", "/sessions", token=service.token()).json["sessions"]
    assert [session["turns"] for session in sessions] == [1, 2]
    assert {turn.agent for turn in script.seen} == {"RepoAgent"}
    history = home / ".local/state/robocoders/chat-history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "+first" in history.read_text(encoding="utf-8")


def test_ctrl_c_stops_the_answer_and_not_the_program(tmp_path: Path) -> None:
    """Promise: README and docs/command.md, chat; the work is cancelled at the server too."""
    with scripted(tmp_path / "data") as (service, _), on_terminal("chat") as terminal:
        terminal.answer_prompt("hold\r")
        terminal.wait_for("holding")
        terminal.type("\x03")
        terminal.wait_for("Stopped.")
        assert service.send("GET", "/sessions", token=service.token()).json["sessions"][0]["state"] == "idle"
        terminal.answer_prompt("still there?\r")
        terminal.wait_for("You said: still there?")
        terminal.answer_prompt("/exit\r")
        assert terminal.end() == 0
    assert "Traceback" not in terminal.text


def test_a_session_and_a_workspace_can_be_given(tmp_path: Path) -> None:
    """Promise: docs/command.md, chat: the flags are those of ask."""
    with scripted(tmp_path / "data") as (service, script):
        sid = service.session(service.token())
        with on_terminal("chat", "--session", sid) as terminal:
            terminal.answer_prompt("/session\r")
            terminal.wait_for(sid)
            terminal.answer_prompt("go on\r")
            terminal.wait_for("You said: go on")
            terminal.answer_prompt("\x04")
            assert terminal.end() == 0
        with on_terminal("chat", "--workspace", str(tmp_path)) as terminal:
            terminal.answer_prompt("look around\r")
            terminal.wait_for("You said: look around")
            terminal.answer_prompt("\x04")
            assert terminal.end() == 0
    assert script.seen[0].workspace is not None
    assert script.seen[1].workspace is not None
    assert script.seen[1].workspace.root == tmp_path.resolve()


def test_a_conversation_outlives_its_server(tmp_path: Path) -> None:
    """Promise: docs/command.md, chat: a background server leaves when nobody asks; the session stays."""
    with on_terminal("chat", variables={"ROBOCODERS_DATA_DIR": str(tmp_path / "data")}) as terminal:
        terminal.answer_prompt("hello\r")
        terminal.wait_for("attach a language model")
        terminal.wait_for(">")
        (first,) = read_servers()
        assert command("stop").code == 0
        terminal.type("hello again\r")
        terminal.wait_for("Starting a server")
        terminal.wait_for("attach a language model")
        terminal.answer_prompt("\x04")
        assert terminal.end() == 0
        (second,) = read_servers()
        assert second.pid != first.pid
        listed = command("sessions", "list")
        assert command("stop").code == 0
    assert len(listed.out.splitlines()) == 1
    assert "2 prompts" in listed.out


def test_an_error_does_not_end_the_conversation(tmp_path: Path) -> None:
    """Promise: docs/command.md, chat: an error is a line."""
    with scripted(tmp_path / "data"), on_terminal("chat", "--agent", "NobodysAgent") as terminal:
        terminal.answer_prompt("hello\r")
        terminal.wait_for("Error: ")
        terminal.answer_prompt("\x04")
        assert terminal.end() == 0


def test_a_history_that_cannot_be_kept_is_told(tmp_path: Path, home: Path) -> None:
    """Promise: docs/command.md, chat: a link in the history's place is not written through."""
    state = home / ".local/state/robocoders"
    state.mkdir(parents=True, mode=0o700)
    (state / "chat-history").symlink_to(tmp_path / "elsewhere")
    with scripted(tmp_path / "data"), on_terminal("chat") as terminal:
        terminal.answer_prompt("hello\r")
        terminal.wait_for("You said: hello")
        terminal.answer_prompt("\x04")
        assert terminal.end() == 0
    assert "What you type is not remembered" in terminal.text
    assert not (tmp_path / "elsewhere").exists()


def test_a_conversation_needs_a_terminal() -> None:
    """Promise: docs/command.md, exit codes: 2."""
    ended = command("chat", stdin=b"hello\n")
    assert (ended.code, ended.err) == (2, "Error: chat needs a terminal; elsewhere use robocoders ask\n")
