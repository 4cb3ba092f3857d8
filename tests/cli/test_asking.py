from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import BOUND_SECONDS, COMMAND, command
from tests.cli.scripts import scripted
from tests.cli.terminals import on_terminal
from tests.standin.events import closing
from tests.standin.server import StandIn

BOUND = 20.0


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_answer_is_data_and_the_steps_are_not(tmp_path: Path) -> None:
    """Promise: docs/command.md, standard output: the answer and nothing else; steps on standard error."""
    with scripted(tmp_path / "data"):
        ended = command("ask", "hello there")
        stumbling = command("ask", "stumble")
    assert (ended.code, ended.out, ended.err) == (0, "You said: hello there\n", "· Searching\n")
    assert stumbling.out == "Trying again.\n\nFound it.\n"
    assert stumbling.err == "· Searching\n· error: the index is gone\n"


def test_the_final_outcome_decides_the_exit_code(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes; an error's text is no data; what can be gone on with says how."""
    with scripted(tmp_path / "data"):
        for reason, code in (("question", 6), ("exhausted", 4), ("needs_model", 7)):
            ended = command("ask", f"end {reason}")
            assert (ended.code, ended.out) == (code, f"It ended: {reason}\n")
            assert ("robocoders ask --session " in ended.err) == (code in {4, 6})
        failed = command("ask", "end error")
        assert (failed.code, failed.out, failed.err) == (1, "", "Error: It ended: error\n")
        limited = command("ask", "end iteration_limit", "--max-continues", "0")
        assert limited.code == 4


def test_square_brackets_in_a_prompt_end_nothing() -> None:
    """Promise: docs/command.md, on a terminal: what a prompt or a flag holds is shown as it is."""
    try:
        with on_terminal("ask", "Where is [/etc] read?") as terminal:
            code = terminal.end()
    finally:
        command("stop")
    assert code == 0
    assert "· Searching the workspace: Where is [/etc] read?" in terminal.text
    assert "Traceback" not in terminal.text
    with on_terminal("ask", "--no[/such]-flag") as wrong:
        assert wrong.end() == 2
    assert "--no[/such]-flag" in wrong.text


def test_jsonl_is_the_events_as_on_the_wire(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --jsonl: one event a line, byte for byte, and nothing else."""
    with scripted(tmp_path / "data") as (service, _):
        ended = command("ask", "--jsonl", "hello")
        sid = json.loads(ended.out.splitlines()[0])["sid"]
        log = service.send("GET", f"/sessions/{sid}/events?after=0", token=service.token())
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.encode() == log.body
    assert [event.get("action") or event.get("observation") for event in log.events] == ["recall", "recall", "message"]


def test_what_is_piped_in_reaches_the_agent_below_the_prompt(tmp_path: Path) -> None:
    """Promise: docs/command.md, the prompt."""
    with scripted(tmp_path / "data") as (_, script):
        assert command("ask", "Explain", stdin=b"the diff\n").code == 0
        assert command("ask", "-", stdin="déjà vu".encode()).code == 0
    assert [turn.prompt for turn in script.seen] == ["Explain\n\nthe diff", "déjà vu"]


def test_a_session_goes_on_where_it_was(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --session."""
    with scripted(tmp_path / "data") as (service, _):
        sid = json.loads(command("ask", "--jsonl", "one").out.splitlines()[0])["sid"]
        assert command("ask", "--session", sid, "two").code == 0
        assert service.send("GET", f"/sessions/{sid}", token=service.token()).json["turns"] == 2


def test_a_workspace_and_a_model_belong_to_the_new_session(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --workspace: the directory itself, links resolved."""
    (tmp_path / "project").mkdir()
    (tmp_path / "link").symlink_to("project")
    with scripted(tmp_path / "data") as (_, script):
        ended = command("ask", "hello", "--workspace", "link", "--model", "offline", cwd=tmp_path)
    assert ended.code == 0
    assert script.seen[0].workspace is not None
    assert script.seen[0].workspace.root == (tmp_path / "project").resolve()


def test_a_deadline_cancels_the_work(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask --timeout: exit code 124, and nothing goes on that nobody waits for."""
    with scripted(tmp_path / "data") as (service, _):
        ended = command("ask", "--timeout", "6", "hold")
        state = service.send("GET", "/sessions", token=service.token()).json["sessions"][0]["state"]
    assert ended.code == 124
    assert ended.out == "holding\n"
    assert "no end within 6 s; the work is cancelled" in ended.err
    assert state == "idle"


def test_ctrl_c_cancels_the_work_and_leaves(tmp_path: Path) -> None:
    """Promise: docs/command.md, ask: exit code 130, no traceback."""
    with scripted(tmp_path / "data") as (service, _), on_terminal("ask", "hold") as terminal:
        terminal.wait_for("holding")
        terminal.type("\x03")
        assert terminal.end() == 130
        state = service.send("GET", "/sessions", token=service.token()).json["sessions"][0]["state"]
    assert "Cancelled." in terminal.text
    assert "Traceback" not in terminal.text
    assert state == "idle"


def test_a_terminal_shows_a_spinner_and_rendered_text(tmp_path: Path) -> None:
    """Promise: docs/command.md, on a terminal."""
    with scripted(tmp_path / "data"), on_terminal("ask", "some **bold** words") as terminal:
        assert terminal.end() == 0
    assert "⠋ Thinking" in terminal.text
    assert "· Searching" in terminal.text
    assert "\x1b[1mbold\x1b[0m" in terminal.raw


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 141, as for any program whose reader leaves."""
    reading, writing = os.pipe()
    os.close(reading)
    with scripted(tmp_path / "data"):
        for flags in (["--jsonl"], []):
            ended = subprocess.run(
                [*COMMAND, "ask", *flags, "long"],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.PIPE,
                text=True,
                timeout=BOUND_SECONDS,
                check=False,
            )
            assert ended.returncode == 141
            assert "Error" not in ended.stderr
            assert "Traceback" not in ended.stderr
    listing = subprocess.run(
        [*COMMAND, "agents"], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=BOUND_SECONDS, check=False
    )
    assert (listing.returncode, listing.stderr) == (141, "")
    os.close(writing)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_closed_stream_is_no_reason_to_fail(stream: str, tmp_path: Path) -> None:
    """Promise: docs/command.md, standard output: some programs start others with a stream closed."""
    with scripted(tmp_path / "data"):
        line = ["sh", "-c", f'"$@" {stream}>&-', "sh", *COMMAND, "ask", "hello"]
        ended = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
        )
    assert ended.returncode == 0
    assert ended.stdout == ("" if stream == "1" else "You said: hello\n")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--base-url", "nonsense", "hello"], 2, "no address"),
        (["--base-url", "http://127.0.0.1:{port}", "hello"], 5, "127.0.0.1:{port}"),
        (["--base-url", "http://127.0.0.1:{port}", "--workspace", ".", "hello"], 2, "on this machine only"),
        (["--base-url", "http://127.0.0.1:{port}", "--session", "s", "--workspace", ".", "hello"], 2, "new session"),
        (["--base-url", "http://127.0.0.1:{port}", "--session", "s", "--model", "offline", "hello"], 2, "new session"),
        ([""], 2, "no prompt"),
    ],
)
def test_an_error_is_a_line_and_a_code(arguments: list[str], code: int, told: str) -> None:
    """Promise: docs/command.md, exit codes: one or two lines, no traceback."""
    port = str(closed_port())
    ended = command("ask", *(argument.replace("{port}", port) for argument in arguments))
    assert (ended.code, ended.out) == (code, "")
    assert told.replace("{port}", port) in ended.err
    assert len(ended.err.splitlines()) <= 2
    assert ended.err.startswith("Error: ")


def test_what_the_server_refuses_is_told(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 2 for a wrong agent or workspace, 3 for a wrong token."""
    with scripted(tmp_path / "data"):
        agent = command("ask", "--agent", "NobodysAgent", "hello")
        assert agent.code == 2
        assert "RepoAgent" in agent.err
        missing = command("ask", "--workspace", str(tmp_path / "missing"), "hello")
        assert (missing.code, missing.err) == (2, f"Error: --workspace {tmp_path / 'missing'} is no directory\n")
        token = command("ask", "hello", variables={"ROBOCODERS_API_TOKEN": "wrong-token"})
        assert token.code == 3
        assert "wrong-token" not in token.err


def test_an_interrupted_start_says_nothing_more(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 130 also before the server has answered."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with on_terminal("ask", "--base-url", address, "hello") as terminal:
            silent.settimeout(BOUND)
            connection, _ = silent.accept()
            os.kill(terminal.pid, signal.SIGINT)
            assert terminal.end() == 130
            connection.close()
    assert "Traceback" not in terminal.text
    assert "Cancelled" not in terminal.text


def test_a_server_that_speaks_the_original_protocol_can_be_asked() -> None:
    """Promise: docs/command.md, which server: any that is named; the original gives no reason."""
    with StandIn() as server:
        server.answer([closing(1, "Hello from afar.", reason=None)])
        ended = command("ask", "--base-url", server.url, "hello")
        assert (ended.code, ended.out) == (0, "Hello from afar.\n")
        server.answer([closing(1, "Hello from afar.", reason=None)])
        with on_terminal("ask", "--base-url", server.url, "hello") as terminal:
            assert terminal.end() == 0
        assert terminal.screen.splitlines() == ["Hello from afar."]
        signed_in = command("login", "--base-url", server.url)
        assert (signed_in.code, signed_in.err) == (0, f"Signed in to {server.url}.\n")
        assert [run.prompt for run in server.runs] == ["hello", "hello"]


def test_a_place_that_cannot_be_written_is_told() -> None:
    """Promise: docs/command.md, exit codes: 1, one line."""
    ended = command("ask", "hello", variables={"XDG_STATE_HOME": "/proc/self"})
    assert ended.code == 1
    assert ended.err.startswith("Error: ")
    assert "/proc/self" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_told(unbuffered: str) -> None:
    """Promise: docs/command.md, exit codes: 1, one line; a full disk is no reason for a traceback."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "robocoders", "agents"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: ")
    assert len(ended.stderr.splitlines()) == 1
