from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robocoders.errors import StoreError, WorkspaceError
from robocoders.search.analysis import MAX_LINE_CHARACTERS
from robocoders.search.database import connect, index_file, memory_connection
from robocoders.search.index import Index, SearchResult
from robocoders.search.refreshing import RefreshResult
from robocoders.search.tree import SearchedFile
from robocoders.workspace.files import Workspace
from tests.search.trees import SHOP, workspace_with

OLD_NS = 1_600_000_000_000_000_000


def _ask(tmp_path: Path, question: str, files: dict[str, str] | None = None) -> SearchResult:
    with Index.open(tmp_path / "index", workspace_with(tmp_path / "root", SHOP if files is None else files)) as index:
        index.refresh()
        return index.search(question)


def _age(root: Path) -> None:
    """Make files old enough for their time to be trusted."""
    for file in root.rglob("*"):
        os.utime(file, ns=(OLD_NS, OLD_NS))


@pytest.mark.parametrize(
    ("question", "path", "symbol"),
    [
        ("Where is the cookie header parsed?", "shop/cookies.py", "CookieJar.parse_header"),
        ("where are cookies saved?", "shop/cookies.py", "CookieJar.save"),
        ("How is the discount applied to the total?", "shop/orders.py", "compute_total"),
        ("place_order", "shop/orders.py", "place_order"),
        ("What is DEFAULT_AGE_SECONDS?", "shop/cookies.py", "DEFAULT_AGE_SECONDS"),
    ],
)
def test_the_definition_comes_first(tmp_path: Path, question: str, path: str, symbol: str) -> None:
    """Promise: README, search: definitions over mentions, sources over tests, documents and vendored files."""
    found = _ask(tmp_path, question)
    assert found.strong
    assert (found.places[0].path, found.places[0].symbol) == (path, symbol)


def test_a_place_is_a_line_with_an_excerpt(tmp_path: Path) -> None:
    """Promise: README, search: `path:line`, the enclosing symbol, an excerpt of a few lines."""
    place = _ask(tmp_path, "Where is the cookie header parsed?").places[0]
    assert SHOP[place.path].splitlines()[place.line - 1].strip() == place.excerpt.splitlines()[0]
    assert 1 <= len(place.excerpt.splitlines()) <= 7


@pytest.mark.parametrize(
    "question",
    ["where is the flux capacitor calibrated?", "where is the kubernetes cookie operator deployed?", "Where?", ""],
)
def test_what_is_not_there_is_no_strong_match(tmp_path: Path, question: str) -> None:
    """Promise: README, search: at most five places, or "no strong match"."""
    assert not _ask(tmp_path, question).strong


def test_there_are_at_most_as_many_places_as_asked_for(tmp_path: Path) -> None:
    """Promise: README, search: at most five places."""
    files = {f"m{number}.py": "def parse_cookie():\n    return 1\n" for number in range(9)}
    with Index.open(tmp_path / "index", workspace_with(tmp_path / "root", files)) as index:
        index.refresh()
        assert len(index.search("where is the cookie parsed?").places) == 5
        assert len(index.search("where is the cookie parsed?", limit=2).places) == 2


def test_one_file_does_not_fill_the_answer(tmp_path: Path) -> None:
    """Promise: ours; places of several files say more than five of one."""
    many = "".join(f"def parse_cookie_{name}():\n    return 1\n\n" for name in "abcdefg")
    found = _ask(tmp_path, "where is the cookie parsed?", {"a.py": many, "b.py": "def parse_cookie():\n    return 2\n"})
    assert {place.path for place in found.places} == {"a.py", "b.py"}


def test_a_getter_and_its_setter_are_one_place(tmp_path: Path) -> None:
    """Promise: ours; the same name twice helps nobody."""
    text = (
        "class A:\n    @property\n    def cookie(self):\n        return 1\n\n"
        "    @cookie.setter\n    def cookie(self, new):\n        pass\n"
    )
    assert [place.symbol for place in _ask(tmp_path, "cookie", {"a.py": text}).places] == ["A.cookie"]


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    """Promise: README, search: the index is incremental by time, size and digest."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    _age(workspace.root)
    with Index.open(tmp_path / "index", workspace) as index:
        told: list[tuple[int, int]] = []
        assert index.refresh(lambda read, wanted: told.append((read, wanted))) == RefreshResult(len(SHOP), 0)
        assert told[-1] == (len(SHOP), len(SHOP))
        assert index.refresh() == RefreshResult(0, 0)
        (workspace.root / "shop/orders.py").write_text("def ship_parcel():\n    return 1\n")
        (workspace.root / "README.md").unlink()
        assert index.refresh() == RefreshResult(1, 1)
        assert index.search("where is a parcel shipped?").places[0].symbol == "ship_parcel"
        assert not index.search("how is the discount applied?").strong


def test_a_change_within_the_clocks_grain_is_seen(tmp_path: Path) -> None:
    """Promise: ours; a file rewritten at once with the same size is read again."""
    workspace = workspace_with(tmp_path / "root", {"a.py": "def apple(): pass\n"})
    file = workspace.root / "a.py"
    status = file.stat()
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        file.write_text("def peach(): pass\n")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        index.refresh()
        assert index.search("peach").places
        assert not index.search("apple").places


def test_a_touched_file_keeps_its_pieces(tmp_path: Path) -> None:
    """Promise: README, search: a digest tells a new time from a new text."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    _age(workspace.root)
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        os.utime(workspace.root / "shop/orders.py", ns=(OLD_NS + 5, OLD_NS + 5))
        assert index.refresh().read == 1
        assert index.refresh().read == 0
        assert index.search("place_order").places


def test_a_binary_file_is_read_once_and_skipped(tmp_path: Path) -> None:
    """Promise: README, search: binary files are skipped."""
    workspace = workspace_with(tmp_path / "root", {})
    (workspace.root / "blob.xyz").write_bytes(b"\0cookie")
    _age(workspace.root)
    with Index.open(tmp_path / "index", workspace) as index:
        assert index.refresh().read == 1
        assert index.refresh().read == 0
        assert index.search("cookie").places == []


def test_a_file_that_vanishes_is_forgotten(tmp_path: Path) -> None:
    """Promise: ours; files that vanish while they are read are skipped, in the index and in an answer."""
    workspace = workspace_with(tmp_path / "root", {"a.py": "def apple(): pass\n", "b.py": "def apple(): pass\n"})
    with Index.open(tmp_path / "index", workspace) as index:

        def remove(read: int, _wanted: int) -> None:
            if read == 1:
                (workspace.root / "b.py").unlink(missing_ok=True)

        index.refresh(remove)
        assert [place.path for place in index.search("apple").places] == ["a.py"]
        (workspace.root / "b.py").write_text("def apple(): pass\n")
        index.refresh()
        (workspace.root / "a.py").write_text("x")
        (workspace.root / "a.py").unlink()
        assert [place.path for place in index.search("apple").places] == ["b.py"]
        (workspace.root / "b.py").write_text("")
        assert index.search("apple").places[0].excerpt == ""


def test_a_known_file_that_becomes_unreadable_is_forgotten(tmp_path: Path) -> None:
    """Promise: ours; what can no longer be read is no answer."""
    workspace = workspace_with(tmp_path / "root", {"a.py": "def apple(): pass\n", "b.py": "def apple(): pass\n"})
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        for name in ("a.py", "b.py"):
            (workspace.root / name).write_text("def apple_pie(): pass\n")
        index.refresh(lambda _read, _wanted: (workspace.root / "b.py").unlink(missing_ok=True))
        assert [place.path for place in index.search("apple").places] == ["a.py"]


def test_a_packed_file_is_indexed_in_part(tmp_path: Path) -> None:
    """Promise: ours; a generated file with endless lines costs little."""
    found = _ask(tmp_path, "apple", {"a.js": "var apple = 1;" + "x;" * MAX_LINE_CHARACTERS + "\n"})
    assert len(found.places[0].excerpt) <= 160


def test_odd_names_are_indexed_and_found(tmp_path: Path) -> None:
    """Promise: ours; names with newlines or bytes that are no UTF-8 survive."""
    workspace = workspace_with(tmp_path / "root", {"line\nbreak.py": "def apple(): pass\n"})
    (Path(os.fsdecode(os.fsencode(workspace.root) + b"/\xff.py"))).write_text("def apple(): pass\n")
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        assert {place.path for place in index.search("apple").places} == {"line\nbreak.py", "\udcff.py"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=60))
def test_no_question_breaks_the_search(shop_index: Index, question: str) -> None:
    """Promise: ours; whatever is asked, quotation marks and operators included, is answered."""
    assert len(shop_index.search(question).places) <= 5


@pytest.fixture
def shop_index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path / "index", workspace_with(tmp_path / "root", SHOP)) as index:
        index.refresh()
        yield index


def _index_file(tmp_path: Path) -> Path:
    return index_file(tmp_path / "index", (tmp_path / "root").resolve())


@pytest.mark.parametrize("damage", ["noise", "empty", "other version", "foreign", "torn"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Promise: README, search: a corrupt index file is thrown away and rebuilt."""
    assert _ask(tmp_path, "place_order").strong
    file = _index_file(tmp_path)
    match damage:
        case "noise":
            file.write_bytes(b"no database at all " * 500)
        case "empty":
            file.write_bytes(b"")
        case "torn":
            content = bytearray(file.read_bytes())
            content[4096:] = b"\xaa" * (len(content) - 4096)
            file.write_bytes(content)
        case _:
            statement = "PRAGMA user_version = 99" if damage == "other version" else "DROP TABLE chunks"
            connection = sqlite3.connect(file)
            connection.execute(statement)
            connection.commit()
            connection.close()
    assert _ask(tmp_path, "place_order").strong


def test_an_index_that_breaks_while_open_is_made_anew(tmp_path: Path) -> None:
    """Promise: README, search: a corrupt index file is thrown away and rebuilt."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        connection = sqlite3.connect(_index_file(tmp_path))
        connection.execute("DROP TABLE postings")
        connection.commit()
        connection.close()
        assert index.search("place_order").places


def test_without_a_place_for_it_the_index_is_built_in_memory(tmp_path: Path) -> None:
    """Promise: ours; a full or read-only disk makes the search slower and not impossible."""
    (tmp_path / "taken").write_text("a file where the directory should be")
    with Index.open(tmp_path / "taken", workspace_with(tmp_path / "root", SHOP)) as index:
        index.refresh()
        assert index.search("place_order").places


def test_an_index_that_cannot_be_written_goes_on_in_memory(tmp_path: Path) -> None:
    """Promise: ours; a disk that fills up makes the search slower and not impossible."""
    many = {
        f"m{number}.py": "\n".join(f"def apple{number}_{line}(): pass" for line in range(50)) for number in range(40)
    }
    workspace = workspace_with(tmp_path / "root", {**SHOP, **many})
    connection = connect(_index_file(tmp_path))
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with Index(connection, workspace, _index_file(tmp_path)) as index:
        index.refresh()
        assert index.search("place_order").places


def test_an_index_that_breaks_again_is_an_error_of_the_store(tmp_path: Path) -> None:
    """Promise: ours; what cannot be mended is said, as an error of the store."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    with (
        Index(memory_connection(), _Breaking(workspace), None) as index,
        pytest.raises(StoreError, match="Operational"),
    ):
        index.refresh()


class _Breaking:
    """A tree whose walk fails as a database does."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.root

    def walk(self) -> Iterator[SearchedFile]:
        raise sqlite3.OperationalError("it breaks")

    def load_text(self, path: str) -> str | None:
        raise NotImplementedError


def test_a_workspace_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """Promise: ours; the search does not answer for files that it cannot see."""
    with Index.open(tmp_path / "index", workspace_with(tmp_path / "root", SHOP)) as index:
        (tmp_path / "root").rename(tmp_path / "moved")
        with pytest.raises(WorkspaceError):
            index.refresh()


def test_an_answer_shows_files_as_they_are_now(tmp_path: Path) -> None:
    """Promise: ours; a file cut short since it was indexed gives no lines that are not there."""
    text = "x = 1\n" * 70 + "# About apples.\n@decorated\ndef apple(): pass\n"
    workspace = workspace_with(tmp_path / "root", {"a.py": text})
    with Index.open(tmp_path / "index", workspace) as index:
        index.refresh()
        (place,) = index.search("apples decorated").places
        assert (place.line, place.symbol) == (73, "apple")
        (workspace.root / "a.py").write_text("x = 1\n")
        assert index.search("apple").places == []


def test_an_index_is_private(tmp_path: Path) -> None:
    """Promise: ours; the index holds words of private code and is readable by its owner alone."""
    _ask(tmp_path, "place_order")
    assert _index_file(tmp_path).stat().st_mode & 0o077 == 0
    assert (tmp_path / "index").stat().st_mode & 0o077 == 0


def _refresh_in_process(index_dir: Path, root: Path) -> None:
    with Index.open(index_dir, Workspace(root)) as index:
        index.refresh()
        assert index.search("place_order").strong


def test_processes_share_an_index(tmp_path: Path) -> None:
    """Promise: README, search: several processes may open one index."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    context = get_context("spawn")
    processes = [
        context.Process(target=_refresh_in_process, args=(tmp_path / "index", workspace.root)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_threads_share_an_index(tmp_path: Path) -> None:
    """Promise: README, search: several threads may use one index."""
    workspace = workspace_with(tmp_path / "root", SHOP)
    failures: list[BaseException] = []
    with Index.open(tmp_path / "index", workspace) as index:

        def work(number: int) -> None:
            try:
                (workspace.root / f"extra{number}.py").write_text(f"def extra{number}(): pass\n")
                index.refresh()
                assert index.search("place_order").strong
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert failures == []


def test_an_interrupted_refresh_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    """Promise: ours; a refresh is one transaction."""
    workspace = workspace_with(tmp_path / "root", SHOP)

    def interrupt(read: int, _wanted: int) -> None:
        if read == 2:
            raise KeyboardInterrupt

    with Index.open(tmp_path / "index", workspace) as index:
        with pytest.raises(KeyboardInterrupt):
            index.refresh(interrupt)
        assert index.search("place_order").places == []
        index.refresh()
        assert index.search("place_order").places
