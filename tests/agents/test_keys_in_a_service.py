from __future__ import annotations

import json
from pathlib import Path

import pytest

from robocoders.testing.model_server import ModelServer
from robocoders.testing.openai_answers import ModelReply
from tests.cli.commands import Ended, command

KEY = "sk-key-of-nobody-1234567890"


@pytest.mark.needs_bubblewrap
def test_a_key_in_a_file_stays_there_and_a_session_survives_its_refusal(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: ARCHITECTURE, invariant 7; README, models: a refused key ends the turn, the session stays usable."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    refused = ModelReply(status=401, body={"error": {"message": f"Incorrect API key: {KEY}"}})
    cut = ModelReply(text="Half of an answer that is cut", trouble="cut")
    looks = ModelReply(calls=[("run", {"command": "env; cat /proc/[0-9]*/environ"})])
    ended: list[Ended] = []
    with ModelServer([refused, cut, looks, "I see no key."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        try:
            ended.append(command("ask", "Hello", "--jsonl", "--model", "openai:gpt-x", "--workspace", str(workspace)))
            session = json.loads(ended[0].out.splitlines()[-1])["sid"]
            ended.append(command("ask", "Look around", "--jsonl", "--session", session))
        finally:
            command("stop")
    assert [one.code for one in ended] == [1, 0]
    assert "it refused the key. Check OPENAI_API_KEY (or OPENAI_API_KEY_FILE)" in ended[0].out
    assert "GIT_TERMINAL_PROMPT" in ended[1].out
    assert "I see no key." in ended[1].out
    assert {request.headers["authorization"] for request in server.received} == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"gave no answer" in written
    assert KEY.encode() not in written
    assert not [one for one in ended if KEY in one.out + one.err]
