from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from robocoders.workspace.files import Workspace

NAMES = ["a", "b", "build", "x.py", "x.pyx", "y z", "lines\nb", "#c", "!d", "é"]
PATTERNS = [
    "*.pyx", "/a", "a/", "build/", "!x.py", "**/b", "a/**", "a/*/b", "y z", "\\#c", "\\!d", "# comment", "", "x.*",
    "[ab]", "b/x.py", "!a/x.py", "!a", "!b/", "*", "!*/", "é", "a?", "/**/x.py", "lines*", "x.py  ", "!", "\\", "a//",
    "***",
]  # fmt: skip


def _write(root: Path, files: dict[tuple[str, ...], None], rules: dict[tuple[str, ...], list[str]]) -> None:
    for parts in files:
        path = root.joinpath(*parts)
        if any(parent.is_file() for parent in path.parents) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text\n")
    for parts, lines in rules.items():
        directory = root.joinpath(*parts)
        if directory.is_dir():
            directory.joinpath(".gitignore").write_text("\n".join(lines) + "\n")


def _listed_by_git(root: Path) -> set[str]:
    command = ["git", "-C", str(root), "ls-files", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return {name for name in output.decode().split("\0") if name}


@pytest.fixture(scope="module")
def git_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(tuple), st.none(), max_size=12),
    rules=st.dictionaries(
        st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
        st.lists(st.sampled_from(PATTERNS), max_size=4),
        max_size=3,
    ),
)
@example(files={("build", "a", "a"): None}, rules={(): ["[ab]"], ("build",): ["!*/"]})
@example(files={("a", "x.py"): None, ("a", "b"): None}, rules={(): ["a/**", "!a/x.py"]})
def test_gitignore_leaves_out_what_git_leaves_out(
    git_root: Path, files: dict[tuple[str, ...], None], rules: dict[tuple[str, ...], list[str]]
) -> None:
    """Promise: README, workspace: .gitignore is honoured at every level (gitignore(5))."""
    for entry in git_root.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    _write(git_root, files, rules)
    assert {file.path for file in Workspace(git_root).walk()} == _listed_by_git(git_root)


def test_a_gitignore_with_a_mark_and_windows_line_ends_counts(tmp_path: Path) -> None:
    """Promise: ours; git reads such a file, so do we."""
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbfa.txt\r\nb.txt\r\n")
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("text")
    assert [file.path for file in Workspace(tmp_path).walk()] == [".gitignore", "c.txt"]


def test_a_gitignore_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """Promise: ours; nothing outside of the workspace is ever read, its rules included."""
    outside = tmp_path / "rules"
    outside.write_text("*\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / ".gitignore").symlink_to(outside)
    (root / "a.txt").write_text("text")
    assert [file.path for file in Workspace(root).walk()] == ["a.txt"]
