"""Indexing on two cores."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.search.digesting import FileDigest, digest_file
from robocoders.search.index import Index
from robocoders.search.indexers import FEWEST_CHARACTERS, Indexers, digested
from robocoders.search.postings import Postings
from robocoders.workspace.files import Workspace

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Text:
    """A file that was read."""

    path: str
    text: str
    first_piece: int


FILES = [
    Text(
        f"folder/file{number}.py",
        f"def function_{number}():\n    return call_{number}()\n\n\nTEXT = '" + "words " * 1600 + "'\n",
        1 + 10 * number,
    )
    for number in range(400)
]
CHARACTERS = sum(len(file.text) for file in FILES)


def expected() -> tuple[dict[str, FileDigest], dict[str, bytes]]:
    """What comes of the files in this process alone."""
    postings = Postings()
    digests = {file.path: digest_file(file.path, file.text, file.first_piece, postings) for file in FILES}
    return digests, in_order(postings)


def in_order(postings: Postings) -> dict[str, bytes]:
    """Lists of entries, each in the order of its entries: batches come back in any order."""
    return {
        word: b"".join(sorted(data[place : place + 8][::-1] for place in range(0, len(data), 8)))
        for word, data in postings.packed().items()
    }


def children() -> set[int]:
    """The processes that this one has started and that still are there."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        # A thread that has ended meanwhile has none.
        with suppress(FileNotFoundError, ProcessLookupError):
            found.update(map(int, (task / "children").read_text().split()))
    return found


def test_a_big_index_is_the_same_with_further_processes() -> None:
    """Promise: README, search: where it is built does not change what is found."""
    before = children()
    postings = Postings()

    found = {file.path: digest for file, digest in digested(FILES, postings, characters=CHARACTERS)}

    assert CHARACTERS > FEWEST_CHARACTERS
    assert (found, in_order(postings)) == expected()
    assert children() <= before


def test_a_few_files_need_no_further_process() -> None:
    """Promise: speed: processes are started only where they save more than they cost."""
    before = children()

    for _ in digested(FILES[:5], Postings(), characters=FEWEST_CHARACTERS - 1):
        assert children() <= before


def test_the_work_goes_on_when_the_processes_are_killed() -> None:
    """Promise: nothing is lost: what another process had is done again."""
    before = children()
    postings = Postings()
    found: dict[str, FileDigest] = {}
    killed: set[int] = set()
    for file, digest in digested(FILES, postings, characters=CHARACTERS):
        found[file.path] = digest
        for pid in children() - before - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    assert killed
    assert (found, in_order(postings)) == expected()


def test_a_batch_for_a_dead_process_is_done_here() -> None:
    """Promise: nothing is lost: a batch that could not be handed over is known as such."""
    before = children()
    with Indexers[Text](Postings()) as indexers:
        indexers.start(2)
        for pid in children() - before:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        batches = [[file] for file in FILES[:6]]
        found = [file for batch in batches for file, _ in indexers.exchange(batch)]
        found += [file for file, _ in indexers.rest()]

        assert sorted(file.first_piece for file in found) == [file.first_piece for file in FILES[:6]]
        assert indexers.run == 0


def test_an_odd_name_survives_another_process() -> None:
    """Promise: odd content never breaks the index: names that are no UTF-8."""
    odd = Text(os.fsdecode(b"caf\xe9.py"), "def brew(): ...\n", 7)
    postings = Postings()
    with Indexers[Text](postings) as indexers:
        indexers.start(2)
        found = [*indexers.exchange([odd]), *indexers.rest()]

    assert found == [(odd, digest_file(odd.path, odd.text, 7, Postings()))]
    assert "brew" in postings.packed()


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
        assert [place.path for place in index.callers("call_17")] == ["folder/file17.py"]
        assert index.search("brewing").places == []


def test_no_code_of_the_workspace_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: SECURITY, files: what lies in a workspace is read, never run; not even where the server stands in it."""
    told = tmp_path / "told"
    for name in ("msgspec", "robocoders", "struct", "subprocess", "sitecustomize", "tree_sitter"):
        (tmp_path / f"{name}.py").write_text(f"open({str(told)!r}, 'w').close()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType] - pytest gives it no types
    monkeypatch.setenv("PYTHONPATH", f":{tmp_path}")

    found = {file.path: digest for file, digest in digested(FILES, Postings(), characters=CHARACTERS)}

    assert found == expected()[0]
    assert not told.exists()
