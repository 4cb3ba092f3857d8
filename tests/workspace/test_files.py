from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from robocoders.errors import WorkspaceError
from robocoders.workspace.files import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src" / "main.py").write_text("one\ntwo\nthree\n")
    (root / ".gitignore").write_text(".env\nbuild/\n")
    (root / ".env").write_text("KEY=1")
    (root / "build").mkdir()
    (root / "build" / "out.txt").write_text("out")
    (tmp_path / "secret.txt").write_text("secret")
    return Workspace(root)


def test_lines_are_counted_from_one_and_both_ends_are_included(workspace: Workspace) -> None:
    """Promise: ours; a tool says `path:line`, and reading these lines gives them."""
    found = workspace.read_text("src/main.py", 2, 3)
    assert (found.text, found.first_line, found.last_line, found.total_lines) == ("two\nthree", 2, 3, 3)
    assert not found.truncated
    assert workspace.read_text("./src//main.py").text == "one\ntwo\nthree"


def test_a_range_outside_of_the_file_is_empty(workspace: Workspace) -> None:
    """Promise: ours; asking for lines that are not there is answered, not refused."""
    found = workspace.read_text("src/main.py", 10, 20)
    assert (found.text, found.last_line) == ("", 9)
    assert workspace.read_text("src/main.py", -5, 1).text == "one"


def test_long_text_is_cut_at_a_line(workspace: Workspace) -> None:
    """Promise: ours; what is shown to a model is bounded, and says so."""
    found = workspace.read_text("src/main.py", limit_bytes=9)
    assert (found.text, found.last_line, found.truncated) == ("one\ntwo", 2, True)


def test_an_empty_file_has_no_lines(workspace: Workspace) -> None:
    """Promise: ours; an empty file is no error."""
    (workspace.root / "empty.txt").write_text("")
    assert workspace.read_text("empty.txt").total_lines == 0


def test_an_absolute_path_inside_is_understood(workspace: Workspace) -> None:
    """Promise: ours; models name files absolutely now and then."""
    assert workspace.read_text(str(workspace.root / "src" / "main.py"), 1, 1).text == "one"
    assert workspace.relative(str(workspace.root)) == ""


@pytest.mark.parametrize(
    "path", ["../secret.txt", "src/../../secret.txt", "/etc/passwd", "src/\0", "{root}/../secret.txt", "/"]
)
def test_no_path_leads_out(workspace: Workspace, path: str) -> None:
    """Promise: README, workspace: nothing outside is ever read."""
    for use in (workspace.read_text, workspace.list_directory, workspace.load_text):
        with pytest.raises(WorkspaceError):
            use(path.format(root=workspace.root))


def test_a_link_is_refused_and_its_target_named(workspace: Workspace, tmp_path: Path) -> None:
    """Promise: README, workspace: nothing outside is ever read, symbolic links included."""
    (workspace.root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (workspace.root / "away").symlink_to(tmp_path)
    (workspace.root / "src" / "inner").symlink_to("main.py")
    for path in ("link.txt", "away/secret.txt", "src/inner"):
        with pytest.raises(WorkspaceError, match="is a symbolic link to"):
            workspace.read_text(path)
    with pytest.raises(WorkspaceError, match="is a symbolic link to"):
        workspace.list_directory("away")


def test_a_directory_that_turns_into_a_link_never_leads_out(workspace: Workspace, tmp_path: Path) -> None:
    """Promise: ours; there is no moment between a check and an open in which a link could be put in place."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text("secret")
    inside = workspace.root / "turning"
    inside.mkdir()
    (inside / "file.txt").write_text("public")
    spare, link = workspace.root / "spare", workspace.root / "link"
    link.symlink_to(outside)
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            inside.rename(spare)
            link.rename(inside)
            inside.rename(link)
            spare.rename(inside)

    thread = threading.Thread(target=turn)
    thread.start()
    seen: set[str] = set()
    try:
        for _ in range(2000):
            try:
                seen.add(workspace.read_text("turning/file.txt").text)
            except WorkspaceError:
                seen.add("refused")
    finally:
        stop.set()
        thread.join()
    assert "secret" not in seen


@pytest.mark.parametrize("path", [".env", "build/out.txt", ".git/config"])
def test_what_is_ignored_is_not_read(workspace: Workspace, path: str) -> None:
    """Promise: README, workspace: .gitignore is honoured (keys are kept in such files)."""
    (workspace.root / ".git").mkdir()
    (workspace.root / ".git" / "config").write_text("token")
    with pytest.raises(WorkspaceError, match="left out by"):
        workspace.read_text(path)


def test_ignored_directories_are_not_listed(workspace: Workspace) -> None:
    """Promise: README, workspace: .gitignore is honoured."""
    with pytest.raises(WorkspaceError, match="left out by"):
        workspace.list_directory("build")
    assert [entry.path for entry in workspace.list_directory()] == [".gitignore", "src"]


def test_a_listing_tells_kinds_apart(workspace: Workspace) -> None:
    """Promise: ours; a listing shows links with their targets, without following them."""
    (workspace.root / "src" / "sub").mkdir()
    (workspace.root / "src" / "link").symlink_to("../../secret.txt")
    os.mkfifo(workspace.root / "src" / "pipe")
    found = [(entry.path, entry.kind, entry.size, entry.target) for entry in workspace.list_directory("src")]
    assert found == [
        ("src/link", "link", 0, "../../secret.txt"),
        ("src/main.py", "file", 14, None),
        ("src/pipe", "other", 0, None),
        ("src/sub", "directory", 0, None),
    ]


def test_a_pipe_is_refused_and_blocks_nobody(workspace: Workspace) -> None:
    """Promise: ours; only regular files are read."""
    os.mkfifo(workspace.root / "pipe")
    with pytest.raises(WorkspaceError, match="it is no regular file"):
        workspace.read_text("pipe")


def test_a_binary_file_is_no_text(workspace: Workspace) -> None:
    """Promise: README, workspace: binary files are skipped."""
    (workspace.root / "a.dat").write_bytes(b"\0\1")
    with pytest.raises(WorkspaceError, match="no text file"):
        workspace.read_text("a.dat")
    assert workspace.load_text("a.dat") is None
    assert workspace.read_bytes("a.dat") == b"\0\1"


def test_a_file_over_the_limit_is_refused(workspace: Workspace) -> None:
    """Promise: ours; a huge file is never taken into memory."""
    with pytest.raises(WorkspaceError, match="larger than 5 bytes"):
        workspace.read_bytes("src/main.py", limit_bytes=5)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("src/none.py", "there is no such file or directory"),
        ("src/main.py/x", "it is no directory"),
        (".", "is a directory"),
        ("src", "it is no regular file"),
        ("x" * 300, "too long"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(workspace: Workspace, path: str, message: str) -> None:
    """Promise: ours; an error says what is wrong."""
    with pytest.raises(WorkspaceError, match=message):
        workspace.read_text(path)


def test_a_listing_of_a_file_is_refused(workspace: Workspace) -> None:
    """Promise: ours; an error says what is wrong."""
    with pytest.raises(WorkspaceError, match="it is no directory"):
        workspace.list_directory("src/main.py")


def test_a_missing_workspace_is_an_error(tmp_path: Path) -> None:
    """Promise: README, faults: a workspace that is missing or unreadable."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for root in (tmp_path / "none", tmp_path / "file", tmp_path / "loop", Path("a\0b")):
        with pytest.raises(WorkspaceError, match="cannot be used"):
            Workspace(root)


def test_a_workspace_may_be_reached_through_a_link(workspace: Workspace, tmp_path: Path) -> None:
    """Promise: ours; the user names the root, and may do so by a link."""
    link = tmp_path / "link"
    link.symlink_to(workspace.root)
    assert Workspace(link).root == workspace.root
