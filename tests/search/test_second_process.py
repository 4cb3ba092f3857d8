"""Indexing on two cores."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.search.analysis import Piece, analyse
from robocoders.search.index import Index
from robocoders.search.second_process import FEWEST_FILES, SecondProcess, analysed
from robocoders.workspace.files import Workspace

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Text:
    """A file that was read."""

    path: str
    text: str


FILES = [
    Text(f"folder/file{number}.py", f"def function_{number}():\n    return {number}\n" + "# words\n" * 600)
    for number in range(FEWEST_FILES)
]


def by_path(found: list[tuple[Text, list[Piece]]]) -> dict[str, list[Piece]]:
    assert len({file.path for file, _ in found}) == len(found)
    return {file.path: pieces for file, pieces in found}


EXPECTED = {file.path: analyse(file.path, file.text) for file in FILES}


def children() -> set[int]:
    """The processes that this one has started and that still are there."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_a_big_index_is_the_same_with_a_second_process() -> None:
    """Promise: README, search: where it is built does not change what is found."""
    before = children()

    found = list(analysed(FILES, count=len(FILES)))

    assert by_path(found) == EXPECTED
    assert children() <= before


def test_a_few_files_need_no_second_process() -> None:
    """Promise: speed: a process is started only where it saves more than it costs."""
    before = children()

    for file, pieces in analysed(FILES[:5], count=5):
        assert pieces == EXPECTED[file.path]
        assert children() <= before


def test_the_work_goes_on_when_the_second_process_is_killed() -> None:
    """Promise: nothing is lost: what the second process had is done again."""
    before = children()
    found: list[tuple[Text, list[Piece]]] = []
    killed: set[int] = set()
    for one in analysed(FILES, count=len(FILES)):
        found.append(one)
        for pid in children() - before - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    assert len(killed) == 1
    assert by_path(found) == EXPECTED


def test_a_batch_for_a_dead_process_is_given_back() -> None:
    """Promise: nothing is lost: a batch that could not be handed over is known as such."""
    before = children()
    with SecondProcess() as second:
        second.start()
        (pid,) = children() - before
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        second.submit([(b"a.py", "x" * 1_000_000)])

        assert second.collect() is None
        assert not second.runs
        assert second.collect() is None


def test_an_odd_name_survives_the_second_process() -> None:
    """Promise: odd content never breaks the index: names that are no UTF-8."""
    name = os.fsdecode(b"caf\xe9.py")
    with SecondProcess() as second:
        second.start()
        second.submit([(os.fsencode(name), "def brew(): ...\n")])

        assert second.collect() == [analyse(name, "def brew(): ...\n")]


def test_a_big_workspace_is_indexed_once_and_found(tmp_path: Path) -> None:
    """Promise: README, search: a repository of many files is answered from its index."""
    root = tmp_path / "repository"
    for file in FILES:
        place = root / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.text, encoding="utf-8")
    (root / "messages.po").write_text("line\n" * 30 + "msgid brewing\n", encoding="utf-8")
    with Index.open(tmp_path / "indexes", Workspace(root)) as index:
        assert index.refresh().read == len(FILES) + 1
        assert index.refresh().removed == 0

        assert [place.path for place in index.search("function 17").places][:1] == ["folder/file17.py"]
        assert index.search("brewing").places == []


def test_no_code_of_the_workspace_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: SECURITY, files: what lies in a workspace is read, never run; not even where the server stands in it."""
    told = tmp_path / "told"
    for name in ("msgspec", "robocoders", "struct", "subprocess", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(told)!r}, 'w').close()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType] - pytest gives it no types
    monkeypatch.setenv("PYTHONPATH", f":{tmp_path}")

    assert by_path(list(analysed(FILES, count=len(FILES)))) == EXPECTED
    assert not told.exists()
