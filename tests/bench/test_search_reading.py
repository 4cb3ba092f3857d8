from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from bench.search.__main__ import table
from bench.search.questions import WORDINGS, Package, Question, Wording, load_questions
from bench.search.reading import Answer, Outcome, figures_of, reached, read_package
from bench.search.sources import SourcesError, fetch, unpack
from bench.search.words_alone import WordsAlone, words_of
from tests.support.repository import ROOT

NO_PACKAGE = Package("robocoders-bench-no-such-package", "1.0", "0" * 64)


def question(text: str, *files: str, wording: Wording = "documented words") -> Question:
    """Return an open question about nothing in particular."""
    return Question("one", "shop", text, files, "open", wording)


def test_the_baseline_ranks_by_the_words_of_the_question_alone() -> None:
    """Promise: bench.search, baseline (an ordinary ranking of whole files, with nothing to help or to hinder it)."""
    files = [("a.py", "the discount is subtracted"), ("discount.py", "nothing"), ("b.py", "where is the and it")]
    with closing(WordsAlone(files)) as words:
        assert words.search("Where is the discount subtracted?") == ["a.py"]
        assert words.search("Where is it?") == []
    assert words_of("Where does it store the user's Name, and the name?") == ["store", "user", "s", "name"]


def test_no_strong_match_counts_as_not_found() -> None:
    """Promise: bench.search, figures (whoever always says "no strong match" is not praised for it)."""
    asked = question("Where?", "a.py")
    answers = [Answer(()), Answer(("a.py", "b.py")), Answer(("b.py", "a.py")), Answer(("b.py",))]
    figures = figures_of([*((asked, answer) for answer in answers), (question("Where?"), Answer(()))])
    assert (figures.first, figures.among_five, figures.answerable) == (1, 2, 4)
    assert (figures.unmatched, figures.unanswerable) == (1, 1)


def test_both_sets_and_both_rankings_stand_in_one_table() -> None:
    """Promise: bench.search, figures (compared on the same questions, and neither set hides in the other)."""
    right, wrong = Answer(("a.py",)), Answer(())
    documented, other = (question("Where?", "a.py", wording=wording) for wording in WORDINGS)
    figures = reached([Outcome(documented, right, wrong), Outcome(other, wrong, wrong), Outcome(other, right, right)])
    lines = [re.split(r" {2,}", line) for line in table("open", figures).splitlines()]
    assert lines[0][0].startswith("open questions")
    assert lines[3:] == [
        ["documented words", "this search", "100.0 % (1 of 1)", "100.0 % (1 of 1)", "0 of 0"],
        ["documented words", "the question's words alone", "0.0 % (0 of 1)", "0.0 % (0 of 1)", "0 of 0"],
        ["other words", "this search", "50.0 % (1 of 2)", "50.0 % (1 of 2)", "0 of 0"],
        ["other words", "the question's words alone", "50.0 % (1 of 2)", "50.0 % (1 of 2)", "0 of 0"],
    ]


def test_the_search_and_the_baseline_are_asked_the_same(tmp_path: Path) -> None:
    """Promise: bench.search, reading (both see the same files)."""
    root = tmp_path / "shop-1.0"
    root.mkdir()
    (root / "prices.py").write_text("def subtract_discount(price):\n    return price - 3\n", encoding="utf-8")
    (root / "mail.py").write_text("def send_mail(to: str) -> None:\n    print(to)\n", encoding="utf-8")
    asked = [question("Where is the discount subtracted from the price?", "prices.py"), question("Which violin plays?")]
    first, second = read_package(root, asked, tmp_path / "indexes")
    assert (first.search.rank_in(["prices.py"]), first.words.rank_in(["prices.py"])) == (1, 1)
    assert (second.search.files, second.words.files) == ((), ())


@pytest.mark.unmeasured
@pytest.mark.parametrize(("option", "reading"), [([], "open"), (["--final"], "final")])
def test_only_the_reading_that_is_asked_for_is_told(tmp_path: Path, option: list[str], reading: str) -> None:
    """Promise: bench.search, readings (nobody sees the kept third by accident)."""
    for package in load_questions().packages:
        (tmp_path / package.folder).mkdir()
        (tmp_path / package.folder / "one.py").write_text("number = 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "bench.search", "--jsonl", "--tree", str(tmp_path), *option]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    records = [json.loads(line) for line in said.splitlines()]
    assert {record["id"] for record in records} == {
        one.id for one in load_questions().questions if one.reading == reading
    }


@pytest.mark.unmeasured
def test_a_folder_without_the_packages_is_told_in_words(tmp_path: Path) -> None:
    """Promise: bench.search, sources (an error says what is missing)."""
    command = [sys.executable, "-m", "bench.search", "--tree", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"{tmp_path} has no folder {load_questions().packages[0].folder}\n"


@pytest.mark.unmeasured
def test_sources_that_cannot_be_fetched_are_told_in_words(tmp_path: Path) -> None:
    """Promise: bench.search, sources (offline, it says so and names the way around)."""
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "UV_OFFLINE": "1"}
    with pytest.raises(SourcesError, match=r"--tree DIR|pip is needed"):
        fetch(NO_PACKAGE, tmp_path / "cache", environment)
    assert not (tmp_path / "cache" / NO_PACKAGE.folder).exists()


def test_a_damaged_archive_is_told_in_words(tmp_path: Path) -> None:
    """Promise: bench.search, sources (what was broken off on its way is not indexed)."""
    archive = tmp_path / "shop-1.0.tar.gz"
    archive.write_bytes(b"no archive")
    with pytest.raises(SourcesError, match="cannot be unpacked"):
        unpack(archive, NO_PACKAGE, tmp_path / "unpacked")


def test_an_archive_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    """Promise: bench.search, sources (the questions are about one package in one version)."""
    (tmp_path / "other").mkdir()
    archive = tmp_path / "shop-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(tmp_path / "other", "other")
    with pytest.raises(SourcesError, match="does not hold"):
        unpack(archive, NO_PACKAGE, tmp_path / "unpacked")
