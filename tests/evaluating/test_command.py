from __future__ import annotations

import json
from pathlib import Path

import pytest

from robocoders.testing.model_server import ModelServer
from robocoders.testing.openai_answers import ModelReply
from tests.cli.commands import Ended, command
from tests.evaluating.repairs import REPAIRS

KEY = "sk-key-of-nobody-1234567890"
FIXED, FAILED = "python-free-slots", "shell-rotate-logs"


def _eval(folder: Path, *arguments: str, **variables: str) -> Ended:
    return command("eval", *arguments, cwd=folder, variables={"ROBOCODERS_MODEL_API_KEY": KEY, **variables})


def _repair(case: str) -> ModelReply:
    return ModelReply(calls=[("write", {"path": path, "content": text}) for path, text in REPAIRS[case].items()])


@pytest.mark.needs_bubblewrap
def test_one_command_evaluates_a_model_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: in one command, resumable, as a table and as JSON lines."""
    with ModelServer([_repair(FIXED), "Repaired.", "It works for me."]) as server:
        flags = ("--model", "my/model", "--model-url", server.base_url)
        first = _eval(tmp_path, *flags, "--only", FIXED)
        assert (first.code, first.err.count(FIXED)) == (0, 2)
        assert f"{FIXED}  passed" in first.out
        assert "9/9" in first.out
        both = _eval(tmp_path, *flags, "--only", FIXED, "--only", FAILED, "--jsonl")
        assert len(server.received) == 3
    assert both.code == 0
    results = {found["case"]: found for found in map(json.loads, both.out.splitlines())}
    assert {name: found["status"] for name, found in results.items()} == {FIXED: "passed", FAILED: "failed"}
    assert results[FIXED]["cost_usd"] is None
    assert (results[FIXED]["input_tokens"], results[FIXED]["output_tokens"]) == (22, 14)
    kept = tmp_path / "robocoders-eval" / "my-model"
    assert len((kept / "results.jsonl").read_text().splitlines()) == 2
    everything = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert KEY.encode() not in everything
    assert KEY not in first.out + first.err + both.out + both.err


@pytest.mark.needs_bubblewrap
def test_a_refused_key_is_an_error_that_is_tried_again(tmp_path: Path) -> None:
    """Promise: docs/command.md, robocoders eval: the exit code is 1 when a model gave no answer."""
    refusal = ModelReply(status=401, body={"error": {"message": KEY}})
    with ModelServer([refusal]) as server:
        ended = _eval(tmp_path, "--model", "x", "--only", FAILED, "--out", "here", ROBOCODERS_MODEL_URL=server.base_url)
    assert ended.code == 1
    assert "refused the key" in ended.out
    assert "tries again" in ended.err
    assert KEY not in ended.out + ended.err
    assert (tmp_path / "here" / "results.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name the language model"),
        (("--model", "nobody:x"), "No provider is called 'nobody'"),
        (("--model", "openai:x"), "export OPENAI_API_KEY="),
        (("--model", "offline", "--only", "nothing"), "No case is called 'nothing'"),
        (("--model", "x", "--model-url", "here"), "address is none"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_done(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Promise: docs/command.md, exit codes: 2 for a wrong flag or setting."""
    folder = tmp_path / "here"
    folder.mkdir()
    ended = _eval(folder, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not list(folder.iterdir())
