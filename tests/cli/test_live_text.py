from __future__ import annotations

import subprocess
from pathlib import Path

from tests.chaos.server_process import free_port
from tests.cli.commands import COMMAND, command
from tests.cli.scripts import Script, scripted
from tests.cli.terminals import on_terminal

BOUND = 20.0


def test_words_are_shown_while_they_come(tmp_path: Path) -> None:
    """Promise: docs/command.md, on a terminal: live text; in the end the message stands there once."""
    with scripted(tmp_path / "data") as (_, script), on_terminal("ask", "speak") as terminal:
        terminal.wait_for("You said:")
        assert not script.go_on.is_set()
        script.go_on.set()
        assert terminal.end() == 0
    assert terminal.screen.splitlines() == ["You said: speak"]


def test_words_that_are_withdrawn_are_taken_away(tmp_path: Path) -> None:
    """Promise: docs/command.md, on a terminal: a reset leaves nothing of what was not said in the end."""
    with scripted(tmp_path / "data") as (_, script), on_terminal("ask", "stammer") as terminal:
        terminal.wait_for("You sad")
        script.go_on.set()
        assert terminal.end() == 0
    assert terminal.screen.splitlines() == ["You said: stammer"]


def test_half_an_answer_does_not_stay_when_it_is_cancelled(tmp_path: Path) -> None:
    """Promise: docs/command.md, on a terminal: what stays is finished, however the command ends."""
    with scripted(tmp_path / "data"), on_terminal("ask", "speak") as terminal:
        terminal.wait_for("You said:")
        terminal.type("\x03")
        assert terminal.end() == 130
    assert "You said" not in terminal.screen
    assert terminal.screen.splitlines()[-1] == "Cancelled."


def test_a_conversation_shows_words_while_they_come(tmp_path: Path) -> None:
    """Promise: docs/command.md, chat, and on a terminal."""
    with scripted(tmp_path / "data") as (_, script), on_terminal("chat") as terminal:
        terminal.answer_prompt("stammer\r")
        terminal.wait_for("You sad")
        script.go_on.set()
        terminal.wait_for("You said: stammer")
        terminal.answer_prompt("\x04")
        assert terminal.end() == 0


def test_a_commands_output_is_shown_below_the_spinner(tmp_path: Path) -> None:
    """Promise: docs/command.md, on a terminal: while the command runs, and not as words of the agent."""
    with scripted(tmp_path / "data") as (_, script), on_terminal("ask", "run") as terminal:
        terminal.wait_for("· Running")
        terminal.wait_for("  made")
        script.go_on.set()
        assert terminal.end() == 0
    assert terminal.screen.splitlines() == ["· Running", "  made", "Done."]


def test_without_a_terminal_a_commands_output_is_printed_while_it_runs(tmp_path: Path) -> None:
    """Promise: docs/command.md, what goes where: on standard error, a line as soon as it is whole, each once."""
    with scripted(tmp_path / "data") as (_, script):
        asking = subprocess.Popen(
            [*COMMAND, "ask", "run"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with asking:
            assert asking.stdout is not None
            assert asking.stderr is not None
            assert [asking.stderr.readline(), asking.stderr.readline()] == ["· Running\n", "  made\n"]
            assert not script.go_on.is_set()
            script.go_on.set()
            assert (asking.stdout.read(), asking.stderr.read()) == ("Done.\n", "")
    assert asking.returncode == 0


def test_without_a_terminal_only_finished_text_is_written(tmp_path: Path) -> None:
    """Promise: docs/command.md, standard output: piped, it is the finished text; --jsonl: whole events."""
    with scripted(tmp_path / "data") as (_, script):
        script.go_on.set()
        ended = command("ask", "stammer")
        lines = command("ask", "--jsonl", "stammer").out
    assert (ended.code, ended.out, ended.err) == (0, "You said: stammer\n", "")
    assert len(lines.splitlines()) == 1
    assert "delta_of" not in lines


def test_an_answer_goes_on_when_its_server_is_restarted(tmp_path: Path) -> None:
    """Promise: README, what is promised: the reader sees one unbroken answer."""
    port = free_port()
    with scripted(tmp_path / "data", port=port) as (first, _), on_terminal("ask", "speak") as terminal:
        terminal.wait_for("You said:")
        first.suspend()
        with scripted(tmp_path / "data", port=port) as (_, second):
            second.go_on.set()
            assert terminal.end() == 0
            assert len(second.seen) == 1
    assert terminal.screen.splitlines() == ["You said: speak"]


def test_events_are_followed_over_a_restart_of_the_server(tmp_path: Path) -> None:
    """Promise: docs/command.md, sessions events --follow: until Ctrl-C, each event once."""
    port, script = free_port(), Script()
    with scripted(tmp_path / "data", port=port) as (first, held):
        token = first.token()
        sid = first.session(token)
        with (
            first.stream("POST", "/chat", token=token, body={"sid": sid, "prompt": "hold"}),
            on_terminal("sessions", "events", "--follow", sid) as terminal,
        ):
            assert held.held.wait(BOUND)
            terminal.wait_for("holding")
            first.suspend()
            script.go_on.set()
            with scripted(tmp_path / "data", port=port, script=script):
                terminal.wait_for("You said: hold")
                terminal.type("\x03")
                assert terminal.end() == 130
    ids = [line.split()[0] for line in terminal.screen.splitlines() if line[:6].strip().isdigit()]
    assert ids == ["1", "2", "3", "4"]
