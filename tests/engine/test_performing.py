from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from robocoders.agents.running import DEFAULT_REQUEST_LIMIT, Emit, Outcome, TurnInput
from robocoders.wire.protocol import Reason
from tests.engine.scenes import Stage, reason_of, text_of


class _Witness:
    """An agent that keeps what it was given."""

    def __init__(self) -> None:
        self.turns: list[TurnInput] = []

    async def __call__(self, turn: TurnInput, _: Emit) -> Outcome:
        self.turns.append(turn)
        return Outcome(reason=Reason.FINISHED, text="Seen.")

    def seen_paths(self) -> list[str]:
        workspace = self.turns[-1].workspace
        assert workspace is not None
        return sorted(file.path for file in workspace.walk())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("print('hi')\n")
    return project


async def test_an_agent_works_in_the_directory_that_the_user_named(stage: Stage, project: Path) -> None:
    """Promise: README, workspace: `--workspace DIR` makes DIR itself the session's workspace."""
    witness = _Witness()
    stage.play(witness)
    await stage.session(workspace_kind="directory", workspace_ref=str(project))
    await stage.ask("What is here?")
    assert witness.seen_paths() == ["main.py"]
    turn = witness.turns[0]
    assert (turn.agent, turn.prompt, turn.model) == ("RepoAgent", "What is here?", "offline")
    assert turn.index_dir == stage.data_dir / "index"


async def test_a_session_without_a_directory_gets_a_private_one(stage: Stage) -> None:
    """Promise: SECURITY: a session's own directory is closed to others."""
    witness = _Witness()
    stage.play(witness)
    await stage.ask()
    assert witness.seen_paths() == []
    private = stage.data_dir / "workspaces" / "session-1"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


async def test_the_data_directory_is_hidden_from_a_workspace_around_it(stage: Stage, project: Path) -> None:
    """Promise: SECURITY: a data directory inside the workspace is masked from search."""
    witness = _Witness()
    stage.play(witness)
    await stage.session(workspace_kind="directory", workspace_ref=str(stage.data_dir.parent))
    await stage.ask()
    assert "project/main.py" in witness.seen_paths()
    assert not any(path.startswith("data/") for path in witness.seen_paths())


async def test_a_workspace_that_is_missing_is_told(stage: Stage, tmp_path: Path) -> None:
    """Promise: README, faults: a missing workspace ends the turn with reason `error`, and says which."""
    await stage.session(workspace_kind="directory", workspace_ref=str(tmp_path / "nowhere"))
    closing = (await stage.ask())[-1]
    assert reason_of(closing) == "error"
    assert "nowhere" in text_of(closing)


async def test_a_private_directory_that_cannot_be_made_is_told(stage: Stage) -> None:
    """Promise: README, faults: what stands in the way is said, not thrown."""
    (stage.data_dir / "workspaces").write_text("in the way")
    closing = (await stage.ask())[-1]
    assert reason_of(closing) == "error"
    assert "cannot be made" in text_of(closing)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, DEFAULT_REQUEST_LIMIT),
        ({"iterations": 7}, 7),
        ({"iterations": 0}, DEFAULT_REQUEST_LIMIT),
        ({"iterations": True}, DEFAULT_REQUEST_LIMIT),
        ({"iterations": "many"}, DEFAULT_REQUEST_LIMIT),
    ],
)
async def test_a_session_limits_the_iterations_of_a_turn(stage: Stage, limits: dict[str, Any], expected: int) -> None:
    """Promise: README, sessions: the limit `iterations` is an allowance for each turn."""
    witness = _Witness()
    stage.play(witness)
    await stage.session(limits=limits)
    await stage.ask()
    assert witness.turns[0].request_limit == expected
