from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.engine.private_workspaces import make_private_workspace, remove_private_workspace
from tests.engine.scenes import Stage

if TYPE_CHECKING:
    import pytest


async def test_a_deleted_session_leaves_no_directory(stage: Stage) -> None:
    """Promise: README, sessions delete: what a session had of its own goes with it; that of others stays."""
    own = [stage.data_dir / "workspaces" / name for name in ("session-1", "session-2")]
    for root in own:
        await stage.ask(session_id=root.name)
        (root / "deep").mkdir()
        (root / "deep" / "notes.txt").write_text("mine")
    await stage.engine.delete_session("session-1")
    assert [root.exists() for root in own] == [False, True]


async def test_a_directory_that_the_user_named_stays(stage: Stage, tmp_path: Path) -> None:
    """Promise: README, --workspace: the user's own directory is never removed."""
    place = tmp_path / "project"
    place.mkdir()
    (place / "code.py").write_text("pass")
    await stage.session(workspace_kind="directory", workspace_ref=str(place))
    await stage.ask()
    await stage.engine.delete_session("session-1")
    assert (place / "code.py").read_text() == "pass"


def test_no_link_leads_the_removal_elsewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Promise: SECURITY, workspaces: nothing outside of a session's own directory is touched."""
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    (elsewhere / "linked").mkdir(parents=True)
    (elsewhere / "precious").touch()
    root = make_private_workspace(data, "holds-a-link")
    (root / "link").symlink_to(elsewhere)
    remove_private_workspace(data, "holds-a-link")
    assert not root.exists()
    (data / "workspaces" / "is-a-link").symlink_to(elsewhere)
    remove_private_workspace(data, "is-a-link")
    assert "stays at" in caplog.text
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "workspaces").symlink_to(elsewhere)
    remove_private_workspace(tmp_path / "other", "linked")
    for name in ("..", ".", "", "../../elsewhere", str(elsewhere), "never-was"):
        remove_private_workspace(data, name)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["linked", "precious"]
