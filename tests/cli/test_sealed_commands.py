from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from robocoders import Robocoders
from tests.cli.commands import BOUND_SECONDS, COMMAND, command

PROMPT = """Please do this:

```python hello.py
print("hello from a file")
```

```sh
echo begun
until [ -e go ]; do sleep 0.05; done
python3 hello.py > made.txt; cat made.txt
```
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A directory to work in; the server that was started in the background is stopped in the end."""
    directory = tmp_path / "project"
    directory.mkdir()
    yield directory
    command("stop")


@pytest.mark.needs_bubblewrap
def test_what_is_spelled_out_is_carried_out_and_shown_while_it_runs(workspace: Path) -> None:
    """Promise: README, ask: without a language model, sealed, the command and its output as they come."""
    arguments = ["ask", "--agent", "GeneralCodingAgent", "--workspace", str(workspace), "-"]
    asking = subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        assert asking.stderr is not None
        asking.stdin.write(PROMPT)
        asking.stdin.close()
        lines = [line.rstrip("\n") for line in iter(asking.stderr.readline, "  begun\n")]
        (workspace / "go").touch()
        rest, answer = asking.stderr.read(), asking.stdout.read()
        assert asking.wait(BOUND_SECONDS) == 0, rest
    assert lines[1:] == [
        "· Writing the file hello.py",
        "· Running the command:",
        "  $ echo begun",
        "  $ until [ -e go ]; do sleep 0.05; done",
        "  $ python3 hello.py > made.txt; cat made.txt",
    ]
    assert rest == "  hello from a file\n"
    assert "hello from a file" in answer
    assert (workspace / "made.txt").read_text() == "hello from a file\n"


@pytest.mark.needs_bubblewrap
def test_a_command_that_fails_says_how_and_is_no_failure_to_answer(workspace: Path) -> None:
    """Promise: docs/command.md, what goes where: the exit code of what ran; the answer says it, too."""
    ended = command("ask", "--workspace", str(workspace), "-", stdin=b"```sh\necho before; exit 3\n```\n")
    assert ended.code == 0
    assert ended.err.splitlines()[-2:] == ["  before", "  (exit code 3)"]
    assert "exit code 3" in ended.out


@pytest.mark.needs_bubblewrap
def test_a_limit_of_commands_is_kept_and_named(workspace: Path, tmp_path: Path) -> None:
    """Promise: docs/command.md, serve: a limit that is reached ends the command, and which one is told."""
    flags = ["--port", "0", "--data-dir", str(tmp_path / "data"), "--command-seconds", "1.5"]
    server = subprocess.Popen([*COMMAND, "serve", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        prompt = b"```sh\necho begun; tail -f /dev/null\n```\n"
        ended = command("ask", "--base-url", address, "--workspace", str(workspace), "-", stdin=prompt)
        server.terminate()
    assert "  begun" in ended.err
    assert "took longer than it may" in ended.out


def test_without_bubblewrap_commands_are_refused_with_the_cause_and_the_mend(workspace: Path, tmp_path: Path) -> None:
    """Promise: SECURITY, commands: it fails closed, and says what to install."""
    programs = tmp_path / "bin"
    programs.mkdir()
    ended = command(
        "ask", "--agent", "GeneralCodingAgent", "--workspace", str(workspace), "-",
        stdin=b"```sh\ntouch made.txt\n```\n", variables={"PATH": str(programs)},
    )  # fmt: skip
    assert ended.code == 1
    assert "bubblewrap (the command bwrap) is not installed" in ended.err
    assert _install_line() in ended.err
    assert not (workspace / "made.txt").exists()


def test_without_a_sandbox_every_start_says_so_and_commands_run_bare(workspace: Path, tmp_path: Path) -> None:
    """Promise: docs/command.md, serve --sandbox none: for throw-away containers, said at every start."""
    log = tmp_path / "server.log"
    with log.open("wb") as errors:
        flags = ["--port", "0", "--data-dir", str(tmp_path / "data"), "--sandbox", "none", "--network"]
        server = subprocess.Popen([*COMMAND, "serve", *flags], stdout=subprocess.PIPE, stderr=errors, text=True)
        with server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            prompt = f"```sh\nls -d {tmp_path}\n```\n".encode()
            ended = command("ask", "--base-url", address, "--workspace", str(workspace), "-", stdin=prompt)
            with Robocoders(address) as client:
                assert client.sessions()[0].network
            server.terminate()
    assert (ended.code, f"  {tmp_path}" in ended.err) == (0, True), ended.err
    assert "sandbox is none: agents run any command with all rights" in log.read_text()
    assert "network is on" in log.read_text()
    refused = command("serve", "--sandbox", "none", "--host", "0.0.0.0", "--port", "0")
    assert refused.code == 2
    assert "--sandbox none" in refused.err


def _install_line() -> str:
    """What installs bubblewrap on the system that the tests run on."""
    words = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
    return "apt install bubblewrap" if "debian" in words.lower() else "bubblewrap"
