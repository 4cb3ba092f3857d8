from __future__ import annotations

import re
from collections import Counter

from bench.search.questions import load_questions

ASKED = load_questions()
WITH_ANSWER = [question for question in ASKED.questions if question.files]
WITHOUT_ANSWER = [question for question in ASKED.questions if not question.files]


def test_sixty_questions_have_an_answer_and_twenty_have_none() -> None:
    """Promise: bench.search, questions (few enough to read them all, enough for shares that mean something)."""
    assert len(WITH_ANSWER) == 60
    assert Counter(question.package for question in WITH_ANSWER) == {one.name: 20 for one in ASKED.packages}
    assert len(WITHOUT_ANSWER) == 20


def test_a_third_of_each_kind_is_kept_for_the_last_reading() -> None:
    """Promise: bench.search, readings (a fixed rule chooses, nobody's taste)."""
    for questions in (WITH_ANSWER, WITHOUT_ANSWER):
        kept = [number for number, question in enumerate(questions, 1) if question.reading == "final"]
        assert kept == [number for number in range(1, len(questions) + 1) if number % 3 == 0]


def test_no_question_is_asked_twice() -> None:
    """Promise: bench.search, questions (each counts once)."""
    for values in ([one.id for one in ASKED.questions], [one.text.lower() for one in ASKED.questions]):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_every_question_is_about_a_pinned_package() -> None:
    """Promise: bench.search, packages (the same sources everywhere, and each is asked about)."""
    assert len(ASKED.packages) == 3
    assert {question.package for question in ASKED.questions} == {package.name for package in ASKED.packages}
    assert [package for package in ASKED.packages if not re.fullmatch(r"[0-9a-f]{64}", package.sha256)] == []


def test_right_files_are_named_from_the_root_of_their_package() -> None:
    """Promise: bench.search, questions (an answer that cannot be met would count against both rankings)."""
    files = [file for question in WITH_ANSWER for file in question.files]
    assert [file for file in files if file.startswith(("/", "./")) or "\\" in file or ".." in file] == []


def test_the_questions_lead_into_two_languages() -> None:
    """Promise: bench.search, packages (at least half of one package's questions are answered in C)."""
    in_c = [question for question in WITH_ANSWER if all(file.endswith(".c") for file in question.files)]
    assert {question.package for question in in_c} == {"psutil"}
    assert len(in_c) >= 10


def test_a_question_does_not_name_its_file() -> None:
    """Promise: bench.search, questions (in words of somebody who does not know the code)."""
    assert [one.id for one in WITH_ANSWER for file in one.files if file.rpartition("/")[2] in one.text] == []
