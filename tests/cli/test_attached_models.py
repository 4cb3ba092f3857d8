from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from robocoders.testing.model_server import ModelReply, ModelServer
from tests.cli.commands import command


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A directory to work in; the server that was started in the background is stopped in the end."""
    directory = tmp_path / "project"
    directory.mkdir()
    yield directory
    command("stop")


@pytest.mark.needs_bubblewrap
def test_a_model_at_an_address_works_and_asks(workspace: Path) -> None:
    """Promise: docs/command.md, language models and exit codes: 6 for a question, with how to answer it."""
    replies = [
        ModelReply(text="I look around.", calls=[("run", {"command": "pwd; id -u", "thought": "To see."})]),
        ModelReply(calls=[("ask_user", {"question": "Which of the two?"})]),
    ]
    with ModelServer(replies) as server:
        variables = {"ROBOCODERS_MODEL_URL": server.base_url, "ROBOCODERS_MODEL": "of-mine"}
        ended = command("ask", "Tidy up", "--workspace", str(workspace), variables=variables)
        models = [request.body["model"] for request in server.received]
    assert ended.code == 6, ended.err
    assert ended.out == "I look around.\n\nWhich of the two?\n"
    assert f"  {workspace.resolve()}" in ended.err
    assert "To answer: robocoders ask --session" in ended.err
    assert models == ["of-mine", "of-mine"]


@pytest.mark.needs_bubblewrap
def test_limits_end_with_their_exit_code_and_continue_goes_on(workspace: Path) -> None:
    """Promise: docs/command.md, exit codes: 4; docs/service.md, budgets: `continue` grants one more."""
    looking = ModelReply(calls=[("list", {"path": "."})])
    with ModelServer([looking, looking, "Nothing is there."]) as server:
        variables = {"ROBOCODERS_MODEL_URL": server.base_url, "ROBOCODERS_MODEL": "of-mine"}
        asking = ["ask", "Look", "--workspace", str(workspace), "--limit", "iterations=1"]
        first = command(*asking, "--max-continues", "0", variables=variables)
        assert first.code == 4
        assert "the allowance of one turn" in first.out
        sid = command("sessions", "list", variables=variables).out.split()[0]
        second = command("ask", "--session", sid, "continue", "--max-continues", "1", variables=variables)
        assert (second.code, second.out.splitlines()[-1]) == (0, "Nothing is there."), second.err
        spent = command("sessions", "show", sid, variables=variables).out
    assert re.search(r"spent +\$0\.000000, [1-9][0-9]* tokens", spent)


def test_an_address_that_is_none_is_told(workspace: Path) -> None:
    """Promise: docs/environment.md, ROBOCODERS_MODEL_URL; no address is repeated, for a key may be in it."""
    variables = {"ROBOCODERS_MODEL_URL": "ftp://sesame@nowhere", "ROBOCODERS_MODEL": "of-mine"}
    ended = command("ask", "Look", "--workspace", str(workspace), variables=variables)
    assert ended.code == 1
    assert "The model's address is none" in ended.err
    assert "sesame" not in ended.out + ended.err
