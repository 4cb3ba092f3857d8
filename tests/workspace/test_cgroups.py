"""The rules for control groups, on directories that are laid out as cgroups(7) describes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from robocoders.workspace.seal.cgroups import Cgroup, find_parent
from robocoders.workspace.seal.limits import Limits


def _group(path: Path, handed_down: str) -> Path:
    path.mkdir(parents=True)
    (path / "cgroup.subtree_control").write_text(handed_down)
    (path / "cgroup.procs").write_text("")
    return path


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    return _group(tmp_path / "mount", "")


def _found(mount: Path, membership: str) -> Path | None:
    file = mount.parent / "membership"
    file.write_text(membership)
    return find_parent(mount, file)


def test_a_group_is_made_beside_that_of_the_server(mount: Path) -> None:
    """Protocol fact: cgroups(7), no processes in inner groups (so it goes beside the server's own)."""
    slice_ = _group(mount / "user.slice" / "app.slice", "cpu memory pids")
    _group(slice_ / "server.scope", "")
    assert _found(mount, "1:cpu:/x\n0::/user.slice/app.slice/server.scope\n") == slice_


def test_nothing_is_made_where_controllers_are_missing(mount: Path) -> None:
    """Promise: ours; without the means the watcher holds the limits, and `doctor` says so."""
    _group(mount / "own", "cpu pids")
    assert _found(mount, "0::/own\n") is None
    assert _found(mount, "0::/../../elsewhere\n") is None
    assert _found(mount, "4:memory:/x\n") is None
    assert find_parent(mount, mount / "missing") is None


def test_limits_are_written_before_a_process_comes_in(mount: Path) -> None:
    """Protocol fact: cgroups(7), memory.max and pids.max."""
    group = Cgroup.make(Limits(memory_bytes=1 << 30, processes=100), mount)
    assert group is not None
    assert int((group.path / "memory.max").read_text()) == (1 << 30) + (64 << 20)
    assert int((group.path / "pids.max").read_text()) == 164
    group.add(1234)
    assert (group.path / "cgroup.procs").read_text() == "1234"
    (group.path / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    assert group.out_of_memory_kills() == 2
