from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.errors import WorkspaceError
from robocoders.workspace.files import Workspace
from robocoders.workspace.walking import MAX_DEPTH


def _walked(root: Path, masked: tuple[Path, ...] = ()) -> list[str]:
    return [file.path for file in Workspace(root, masked).walk()]


def test_a_walk_gives_path_size_and_time(tmp_path: Path) -> None:
    """Promise: ours; a walk reads status only, and that is what it gives."""
    file = tmp_path / "src" / "a.py"
    file.parent.mkdir()
    file.write_text("x = 1\n")
    (found,) = Workspace(tmp_path).walk()
    assert (found.path, found.size, found.mtime_ns) == ("src/a.py", 6, file.stat().st_mtime_ns)


def test_links_are_never_followed(tmp_path: Path) -> None:
    """Promise: README, workspace: nothing outside is ever read, symbolic links included; loops do no harm."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("text")
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret.txt")
    (root / "itself").symlink_to(root / "itself")
    assert _walked(root) == ["a.txt"]


def test_binary_huge_and_special_files_are_skipped(tmp_path: Path) -> None:
    """Promise: README, workspace: binary and huge files are skipped."""
    (tmp_path / "picture.PNG").write_text("no text")
    (tmp_path / "huge.txt").write_bytes(b"x" * ((1 << 20) + 1))
    (tmp_path / "fits.txt").write_bytes(b"x" * (1 << 20))
    (tmp_path / "o").write_text("a name, no suffix")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert _walked(tmp_path) == ["fits.txt", "o"]


@pytest.mark.parametrize("name", [".git", "node_modules", "__pycache__", ".tox", ".hg"])
def test_installed_and_generated_directories_are_left_out(tmp_path: Path, name: str) -> None:
    """Promise: ours; what tools put there is no part of the workspace, with or without a .gitignore."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.js").write_text("text")
    (tmp_path / "b.js").write_text("text")
    assert _walked(tmp_path) == ["b.js"]


def test_a_virtual_environment_is_left_out_whatever_its_name(tmp_path: Path) -> None:
    """Promise: ours; other people's packages are no part of the workspace."""
    (tmp_path / "my-env").mkdir()
    (tmp_path / "my-env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "my-env" / "a.py").write_text("text")
    assert _walked(tmp_path) == []


def test_masked_paths_are_hidden_with_all_below(tmp_path: Path) -> None:
    """Promise: README, workspace: the data directory inside of a workspace is masked from search."""
    root = tmp_path / "root"
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "deep" / "a.txt").write_text("hidden")
    (root / "database.txt").write_text("shown")
    workspace = Workspace(root, (root / "data", Path("/nowhere")))
    assert [file.path for file in workspace.walk()] == ["database.txt"]
    assert [entry.path for entry in workspace.list_directory()] == ["database.txt"]
    with pytest.raises(WorkspaceError, match="does not exist"):
        workspace.read_text("data/deep/a.txt")


@given(st.sets(st.binary(min_size=1, max_size=30).filter(lambda name: not {0, 47} & set(name)), max_size=6))
def test_any_file_name_can_be_walked_and_read(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    """Promise: ours; names with newlines or bytes that are no UTF-8 survive."""
    root = tmp_path_factory.mktemp("odd")
    written: set[str] = set()
    for name in names:
        path = root / os.fsdecode(b"n-" + name + b"-n")
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"text")
        os.close(descriptor)
        written.add(os.fsdecode(b"n-" + name + b"-n"))
    workspace = Workspace(root)
    assert {file.path for file in workspace.walk()} == written
    assert {workspace.load_text(file.path) for file in workspace.walk()} <= {"text"}


def test_what_vanishes_during_a_walk_is_skipped(tmp_path: Path) -> None:
    """Promise: ours; files that vanish while they are read are skipped."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.txt").write_text("text")
    walk = Workspace(tmp_path).walk()
    assert next(walk).path == "a/file.txt"
    (tmp_path / "b" / "file.txt").unlink()
    (tmp_path / "b").rmdir()
    (tmp_path / "c" / "file.txt").unlink()
    (tmp_path / "c").rmdir()
    (tmp_path / "c").symlink_to(tmp_path / "a")
    assert list(walk) == []


def test_what_lies_too_deep_is_left_out(tmp_path: Path) -> None:
    """Promise: ours; a walk holds a bounded number of descriptors open."""
    directory = tmp_path
    for _ in range(MAX_DEPTH + 2):
        (directory / "f.txt").write_text("text")
        directory /= "d"
        directory.mkdir()
    assert len(_walked(tmp_path)) == MAX_DEPTH + 1


def test_a_walk_of_a_workspace_that_is_gone_says_so(tmp_path: Path) -> None:
    """Promise: ours; a workspace that is removed meanwhile is an error of the workspace."""
    root = tmp_path / "root"
    root.mkdir()
    workspace = Workspace(root)
    root.rmdir()
    with pytest.raises(WorkspaceError, match="there is no such file or directory"):
        list(workspace.walk())


def _age(root: Path) -> None:
    """Make directories old enough for a walk to remember them."""
    for place in (root, *root.rglob("*")):
        os.utime(place, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))


def test_names_that_come_and_go_are_seen_by_the_next_walk(tmp_path: Path) -> None:
    """Promise: ours; what a walk remembers of directories never hides a change."""
    inner = tmp_path / "inner"
    inner.mkdir()
    for name in "ab":
        (inner / name).write_text("text")
    _age(tmp_path)
    assert _walked(tmp_path) == ["inner/a", "inner/b"]
    (inner / "c").write_text("text")
    (inner / "a").unlink()
    assert _walked(tmp_path) == ["inner/b", "inner/c"]
    (inner / "b").rename(tmp_path / "b")
    assert _walked(tmp_path) == ["b", "inner/c"]
    inner.rename(tmp_path / "renamed")
    assert _walked(tmp_path) == ["b", "renamed/c"]
    assert _walked(tmp_path / "renamed") == ["c"]


def test_rules_that_change_in_place_are_seen_by_the_next_walk(tmp_path: Path) -> None:
    """Promise: ours; what a walk remembers of directories never hides a change."""
    (tmp_path / "inner").mkdir()
    for path in ("a.txt", "inner/b.txt"):
        (tmp_path / path).write_text("text")
    rules = tmp_path / ".gitignore"
    rules.write_text("a.txt\n")
    _age(tmp_path)
    assert _walked(tmp_path) == [".gitignore", "inner/b.txt"]
    rules.write_text("b.txt\n")
    _age(tmp_path)
    assert _walked(tmp_path) == [".gitignore", "a.txt"]
    assert _walked(tmp_path, (tmp_path / "a.txt",)) == [".gitignore"]


def test_a_file_that_is_replaced_by_a_link_is_seen_by_the_next_walk(tmp_path: Path) -> None:
    """Promise: README, workspace: nothing outside is ever read, whatever was in its place before."""
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.txt").write_text("text")
    _age(tmp_path)
    assert _walked(tmp_path) == ["a.txt", "inner/b.txt"]
    (tmp_path / "a.txt").unlink()
    (tmp_path / "a.txt").symlink_to("/etc/passwd")
    (tmp_path / "inner" / "b.txt").unlink()
    (tmp_path / "inner").rmdir()
    (tmp_path / "inner").symlink_to("/etc")
    assert _walked(tmp_path) == []
