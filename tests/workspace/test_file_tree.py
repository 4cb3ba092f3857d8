from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from robocoders.workspace.seal.inside.file_tree import FileTree, OutsideError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = (tmp_path / "root").resolve()
    path.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return path


@pytest.fixture
def tree(root: Path) -> Generator[FileTree]:
    made = FileTree(str(root))
    yield made
    made.close()


@pytest.mark.parametrize(
    "path", ["../outside/secret", "out/secret", "abs/secret", "a/../../outside/secret", "{root}/../outside/secret", "/"]
)
def test_no_path_leads_out_of_the_tree(tree: FileTree, root: Path, path: str) -> None:
    """Promise: SECURITY (file tools are held by the same walls as commands)."""
    (root / "a").mkdir()
    (root / "out").symlink_to("../outside")
    (root / "abs").symlink_to(root.parent / "outside")
    path = path.format(root=root)
    for operation in (lambda: tree.read(path, 100), lambda: tree.write(path, b"x"), lambda: tree.remove(path)):
        with pytest.raises(OutsideError):
            operation()
    assert (root.parent / "outside" / "secret").read_text() == "secret"


def test_links_are_followed_as_long_as_they_stay_inside(tree: FileTree, root: Path) -> None:
    """Promise: ours; a workspace's own links work for file tools as for commands."""
    (root / "real").mkdir()
    (root / "relative").symlink_to("real")
    (root / "absolute").symlink_to(root / "real")
    tree.write("relative/x", b"1")
    assert tree.read("absolute/x", 10) == b"1"
    (root / "dangling").symlink_to("real/later")
    tree.write("dangling", b"2")
    assert (root / "real" / "later").read_bytes() == b"2"
    tree.remove("relative")
    assert not (root / "relative").is_symlink()
    assert (root / "real" / "x").exists()


def test_a_loop_of_links_is_an_error(tree: FileTree, root: Path) -> None:
    """Promise: ours; no path keeps the supervisor busy for good."""
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links") as refused:
        tree.read("one", 10)
    assert refused.value.errno == errno.ELOOP


def test_what_is_no_regular_file_is_not_opened(tree: FileTree, root: Path) -> None:
    """Promise: ours; a pipe or a socket in a file's place blocks nobody."""
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        for name in ("pipe", "socket"):
            with pytest.raises(OSError, match="regular"):
                tree.read(name, 10)
            with pytest.raises(OSError, match="regular"):
                tree.write(name, b"x")


def test_a_file_larger_than_the_limit_is_refused(tree: FileTree, root: Path) -> None:
    """Promise: ours; what is read into memory is bounded."""
    (root / "big").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="large") as refused:
        tree.read("big", 10)
    assert refused.value.errno == errno.EFBIG
    assert tree.read("big", 11) == b"x" * 11


def test_a_directory_that_is_swapped_for_a_link_gains_nothing(tree: FileTree, root: Path) -> None:
    """Promise: SECURITY (nothing is checked by one name and used by another)."""
    (root / "d").mkdir()
    (root / "d" / "secret").write_text("mine")
    (root / "l").symlink_to("../outside")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for source, target in (("d", "t"), ("l", "d"), ("d", "l"), ("t", "d")):
                (root / source).rename(root / target)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: set[bytes] = set()
    try:
        for _ in range(3000):
            try:
                seen.add(tree.read("d/secret", 100))
            except OSError:
                continue
    finally:
        done.set()
        swapper.join()
    assert seen <= {b"mine"}
    assert (root.parent / "outside" / "secret").read_text() == "secret"


def test_a_name_that_leads_nowhere_is_kept_as_it_is(tree: FileTree, root: Path) -> None:
    """Promise: pydantic-ai, realpath of a workspace (as os.path.realpath without strictness)."""
    (root / "file").write_text("")
    assert tree.realpath("a/../b/./c") == f"{root}/b/c"
    assert tree.realpath("file/x/../y") == f"{root}/file/y"
    assert tree.realpath("..") == str(root.parent)
    assert tree.realpath(".") == str(root)


def test_a_hard_link_that_was_there_before_is_a_file_like_any_other(tree: FileTree, root: Path) -> None:
    """Promise: SECURITY (a hard link has no outside; commands cannot make one across the workspace's mount)."""
    (root / "linked").hardlink_to(root.parent / "outside" / "secret")
    assert tree.read("linked", 100) == b"secret"
    tree.remove("linked")
    assert (root.parent / "outside" / "secret").read_text() == "secret"
