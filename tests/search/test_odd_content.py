"""Content that no tidy repository has: none of it breaks the index, and nothing outside of the workspace is read."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from robocoders.errors import WorkspaceError
from robocoders.search.database import connect, index_file
from robocoders.search.index import Index, SearchResult
from robocoders.search.refreshing import RefreshResult
from robocoders.search.tree import SearchedFile
from robocoders.workspace.files import Workspace
from tests.search.trees import SHOP, workspace_with

OLD_NS = 1_600_000_000_000_000_000
_NO_STATE = "DELETE FROM state"
CODE = "def weigh_apples(crate):\n    return crate.apples\n"


def ask(root: Path, tmp_path: Path, question: str = "weigh apples") -> SearchResult:
    with Index.open(tmp_path / "index", Workspace(root)) as index:
        index.refresh()
        return index.search(question)


def paths(found: SearchResult) -> set[str]:
    return {place.path for place in found.places}


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-8", "Bäume"),
        ("utf-8-sig", "Bäume"),
        ("latin-1", "Bäume"),
        ("utf-16", "Bäume"),
        ("shift_jis", "リンゴ"),
        ("utf-32", "Bäume"),
    ],
)
def test_a_file_of_any_encoding_is_found_by_what_is_ascii_in_it(tmp_path: Path, encoding: str, word: str) -> None:
    """Promise: odd content never breaks the search: other encodings."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_bytes(f"# {word}\n{CODE}".encode(encoding))
    place = ask(root, tmp_path).places[0]
    assert (place.path, place.symbol) == ("a.py", "weigh_apples")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("var apples=1;" + "function f(){return apples};" * 30_000, id="minified"),
        pytest.param("x = 1\n" * 100_000, id="100,000 lines"),
        pytest.param("{" * 400_000, id="nothing but brackets"),
        pytest.param("0123456789abcdef" * 60_000, id="generated"),
        pytest.param("\n" * 900_000, id="nothing but line ends"),
        pytest.param("def f(): pass; " * 60_000, id="one line of definitions"),
        pytest.param("\x1b[31m\x00\ufffe\u202e" * 1000, id="control characters"),
    ],
)
@pytest.mark.parametrize("name", ["odd.py", "odd.js", "odd.c", "odd.md", "odd"])
def test_odd_text_is_got_over(tmp_path: Path, text: str, name: str) -> None:
    """Promise: odd content never breaks the search: minified and generated files."""
    root = workspace_with(tmp_path / "root", {name: text, "good.py": CODE}).root
    assert "good.py" in paths(ask(root, tmp_path))


def test_generated_megabytes_are_not_read(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: files above 1 MiB are left out, sparse ones of any size."""
    root = workspace_with(tmp_path / "root", {"good.py": CODE, "big.py": CODE + "#" * (1 << 20)}).root
    with (root / "sparse.py").open("wb") as file:
        file.truncate(1 << 40)
    assert paths(ask(root, tmp_path)) == {"good.py"}


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Promise: nothing outside the workspace is read; loops of links do no harm."""
    outside = workspace_with(tmp_path / "outside", {"away.py": CODE}).root
    root = workspace_with(tmp_path / "root", {"good.py": CODE, "inner/more.py": "x = 1\n"}).root
    (root / "loop").symlink_to(root)
    (root / "inner" / "up").symlink_to("..")
    (root / "itself").symlink_to("itself")
    (root / "away").symlink_to(outside)
    (root / "away.py").symlink_to(outside / "away.py")
    assert paths(ask(root, tmp_path)) == {"good.py"}


@pytest.mark.parametrize("put", ["link to a file", "link to a folder"])
def test_a_link_that_takes_a_files_place_meanwhile_is_not_followed(tmp_path: Path, put: str) -> None:
    """Promise: nothing outside the workspace is read, also where a name changes its meaning between look and open."""
    outside = workspace_with(tmp_path / "outside", {"a.py": "def stolen_secret(): ...\n"}).root
    root = workspace_with(tmp_path / "root", {"inner/a.py": CODE, "first.py": CODE}).root

    def swap(read: int, _wanted: int) -> None:
        if read == 1:
            shutil.rmtree(root / "inner")
            if put == "link to a file":
                (root / "inner").mkdir()
                (root / "inner" / "a.py").symlink_to(outside / "a.py")
            else:
                (root / "inner").symlink_to(outside)

    with Index.open(tmp_path / "index", Workspace(root)) as index:
        index.refresh(swap)
        assert index.search("stolen secret").places == []
        assert paths(index.search("weigh apples")) == {"first.py"}


def test_a_place_that_became_a_link_is_not_shown(tmp_path: Path) -> None:
    """Promise: nothing outside the workspace is read, also where an answer shows a file that was indexed before."""
    outside = workspace_with(tmp_path / "outside", {"a.py": CODE + "# secret\n"}).root
    root = workspace_with(tmp_path / "root", {"a.py": CODE}).root
    with Index.open(tmp_path / "index", Workspace(root)) as index:
        index.refresh()
        (root / "a.py").unlink()
        (root / "a.py").symlink_to(outside / "a.py")
        assert index.search("weigh apples").places == []
        assert index.callers("apples") == []


def test_pipes_sockets_and_devices_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: odd content never breaks the search: nothing waits for a pipe."""
    root = workspace_with(tmp_path / "root", {"good.py": CODE}).root
    os.mkfifo(root / "pipe.py")
    (root / "zero.py").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(root)
        listener.bind("socket.py")
        assert paths(ask(root, tmp_path)) == {"good.py"}


def test_a_pipe_that_takes_a_files_place_meanwhile_is_not_waited_for(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: nothing waits for a pipe."""
    root = workspace_with(tmp_path / "root", {"a.py": CODE, "b.py": CODE}).root

    def swap(read: int, _wanted: int) -> None:
        if read == 1:
            (root / "b.py").unlink()
            os.mkfifo(root / "b.py")

    with Index.open(tmp_path / "index", Workspace(root)) as index:
        index.refresh(swap)
        assert paths(index.search("weigh apples")) == {"a.py"}


def test_a_submodule_is_part_of_the_workspace_and_its_git_file_is_not(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: submodules, whose `.git` is a file that leads elsewhere."""
    files = {"good.py": CODE, "module/.git": "gitdir: ../.git/modules/weigh_apples\n", "module/inner.py": CODE}
    root = workspace_with(tmp_path / "root", files).root
    assert paths(ask(root, tmp_path)) == {"good.py", "module/inner.py"}


@pytest.mark.parametrize(
    "name",
    [b"line\nbreak.py", b"quote\"'.py", b"\xff\xfe.py", "юникод.py".encode(), b" .py", b"n" * 251 + b".py", b"-x.py"],
)
def test_a_file_of_any_name_is_found(tmp_path: Path, name: bytes) -> None:
    """Promise: odd content never breaks the search: names with newlines, bytes that are no UTF-8, very long ones."""
    root = workspace_with(tmp_path / "root", {}).root
    Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text(CODE)
    assert paths(ask(root, tmp_path)) == {os.fsdecode(name)}
    assert ask(root, tmp_path).places[0].symbol == "weigh_apples"


def test_a_very_long_path_is_found(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: paths longer than the system takes at once."""
    root = workspace_with(tmp_path / "root", {"good.py": CODE}).root
    directory = os.open(root, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("d" * 200, dir_fd=directory)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    file = os.open("deep.py", os.O_WRONLY | os.O_CREAT, dir_fd=directory)
    os.write(file, CODE.encode())
    os.close(file)
    os.close(directory)
    assert paths(ask(root, tmp_path)) == {"good.py", "/".join(["d" * 200] * 40) + "/deep.py"}


class Tree:
    """A workspace in which something is done before a file is read; it counts what was read.

    Args:
        workspace: The workspace.
        before: What is done, with the path that is about to be read; it may raise what reading raises.
    """

    def __init__(self, workspace: Workspace, before: Callable[[str], None] = lambda _path: None) -> None:
        self.root = workspace.root
        self.read: list[str] = []
        self._workspace = workspace
        self._before = before

    def walk(self) -> Iterator[SearchedFile]:
        return iter(self._workspace.walk())

    def load_text(self, path: str) -> str | None:
        self._before(path)
        self.read.append(path)
        return self._workspace.load_text(path)


def aged(root: Path) -> None:
    """Make files old enough for their time to be trusted."""
    for file in root.rglob("*"):
        os.utime(file, ns=(OLD_NS, OLD_NS))


def test_a_file_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: files that become unreadable, and readable again."""
    workspace = workspace_with(tmp_path / "root", {"a.py": CODE, "b.py": CODE})
    aged(workspace.root)
    is_locked = True

    def refuse(path: str) -> None:
        if path == "b.py" and is_locked:
            raise WorkspaceError("permission is denied")

    with Index.open(tmp_path / "index", Tree(workspace, refuse)) as index:
        index.refresh()
        assert paths(index.search("weigh apples")) == {"a.py"}
        is_locked = False
        index.refresh()
        assert paths(index.search("weigh apples")) == {"a.py", "b.py"}


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: what was seen and what was read may differ, until the next look."""
    workspace = workspace_with(tmp_path / "root", {"a.py": CODE, "b.py": CODE})
    aged(workspace.root)

    def grow(path: str) -> None:
        if path == "b.py":
            (workspace.root / path).write_text("def press_cider(): ...\n")

    with Index.open(tmp_path / "index", Tree(workspace, grow)) as index:
        index.refresh()
    with Index.open(tmp_path / "index", workspace) as index:
        assert index.refresh().read == 1
        assert paths(index.search("press cider")) == {"b.py"}


def test_what_did_not_change_is_not_opened(tmp_path: Path) -> None:
    """Promise: README, search: the index is incremental: only what changed is read again."""
    workspace = workspace_with(tmp_path / "root", {f"m{number}.py": CODE for number in range(50)})
    aged(workspace.root)
    tree = Tree(workspace)
    with Index.open(tmp_path / "index", tree) as index:
        index.refresh()
        assert len(tree.read) == 50
        tree.read.clear()
        assert index.refresh() == RefreshResult(0, 0)
        (workspace.root / "m7.py").write_text("def press_cider(): ...\n")
        assert index.refresh() == RefreshResult(1, 0)
        assert tree.read == ["m7.py"]


def test_a_refresh_is_one_transaction_and_none_where_nothing_changed(tmp_path: Path) -> None:
    """Promise: speed: one commit for all files, and nothing is written where nothing changed."""
    workspace = workspace_with(tmp_path / "root", {f"m{number}.py": CODE for number in range(50)})
    aged(workspace.root)
    connection = connect(index_file(tmp_path / "index", workspace.root))
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    with Index(connection, workspace, index_file(tmp_path / "index", workspace.root)) as index:
        index.refresh()
        assert [one for one in statements if one.startswith(("BEGIN", "COMMIT", "ROLLBACK"))] == [
            "BEGIN IMMEDIATE",
            "COMMIT",
        ]
        statements.clear()
        index.refresh()
        assert [one.split()[0] for one in statements] == ["SELECT"]


def test_changed_files_leave_nothing_behind_in_the_end(tmp_path: Path) -> None:
    """Promise: README, search: an index does not grow with every change, and old words are not found."""
    workspace = workspace_with(tmp_path / "root", {})
    many = "".join(f"def apple_{{0}}_{number}(): return {number}\n" for number in range(300))
    with Index.open(tmp_path / "index", workspace) as index:
        sizes: list[int] = []
        for turn in range(30):
            (workspace.root / "a.py").write_text(many.format(turn))
            index.refresh()
            assert index.search(f"apple_{turn}_7").places[0].symbol == f"apple_{turn}_7"
            connection = sqlite3.connect(index_file(tmp_path / "index", workspace.root))
            ((size,),) = connection.execute("SELECT sum(length(entries)) FROM postings")
            ((segments,),) = connection.execute("SELECT count(*) FROM segments")
            connection.close()
            assert segments <= 12
            sizes.append(size)
        assert max(sizes) < 12 * sizes[0]
        assert not index.search("apple_3_7").strong or index.search("apple_3_7").places[0].symbol != "apple_3_7"


def refresh_and_ask(index_dir: Path, root: Path) -> None:
    for _ in range(3):
        with Index.open(index_dir, Workspace(root)) as index:
            (root / f"made{os.getpid()}.py").write_text(CODE)
            index.refresh()
            assert index.search("place_order").strong


def test_processes_index_one_workspace_at_once(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: two processes that index one workspace, which changes meanwhile."""
    root = workspace_with(tmp_path / "root", SHOP).root
    context = get_context("spawn")
    processes = [context.Process(target=refresh_and_ask, args=(tmp_path / "index", root)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]


def ask_with_little_room(index_dir: Path, root: Path, room_bytes: int) -> None:
    # A file that may not grow is to SQLite what a disk without room is.
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, room_bytes))
    with Index.open(index_dir, Workspace(root)) as index:
        index.refresh()
        assert paths(index.search("weigh apples")) == {"a.py"}


@pytest.mark.parametrize("room_bytes", [0, 50_000, 400_000])
def test_a_full_disk_makes_the_search_slower_and_not_impossible(tmp_path: Path, room_bytes: int) -> None:
    """Promise: odd content never breaks the search: a disk that is full, from the start or half-way."""
    root = workspace_with(
        tmp_path / "root", {"a.py": CODE, **{f"m{number}.py": f"x{number} = 1\n" * 2000 for number in range(30)}}
    ).root
    process = get_context("spawn").Process(target=ask_with_little_room, args=(tmp_path / "index", root, room_bytes))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_the_index_of_another_architecture_or_version_is_made_anew(tmp_path: Path) -> None:
    """Promise: odd content never breaks the search: whatever lies where the index should."""
    root = workspace_with(tmp_path / "root", {"a.py": CODE}).root
    ask(root, tmp_path)
    file = index_file(tmp_path / "index", root)
    for statement in (
        "UPDATE outlines SET symbols = x'c1'",
        "UPDATE postings SET entries = x'00'",
        "DELETE FROM state",
    ):
        connection = sqlite3.connect(file)
        connection.execute(statement)
        connection.commit()
        connection.close()
        assert paths(ask(root, tmp_path)) == {"a.py"}, statement
