from __future__ import annotations

import re
from collections import Counter

import pytest

from bench.search.questions import WORDINGS, Question, Wording, load_questions

ASKED = load_questions()
WITH_ANSWER = [question for question in ASKED.questions if question.files]
BY_SET = pytest.mark.parametrize("wording", WORDINGS)


def of_set(wording: Wording, *, answered: bool) -> list[Question]:
    """Return the questions of a set that have an answer, or those that have none."""
    return [one for one in ASKED.questions if one.wording == wording and bool(one.files) == answered]


@BY_SET
def test_sixty_questions_have_an_answer_and_twenty_have_none(wording: Wording) -> None:
    """Promise: bench.search, questions (few enough to read them all, enough for shares that mean something)."""
    answered = of_set(wording, answered=True)
    assert len(answered) == 60
    assert Counter(question.package for question in answered) == {one.name: 20 for one in ASKED.packages}
    assert len(of_set(wording, answered=False)) == 20


@BY_SET
def test_a_third_of_each_kind_is_kept_for_the_last_reading(wording: Wording) -> None:
    """Promise: bench.search, readings (a fixed rule chooses, nobody's taste)."""
    for answered in (True, False):
        questions = of_set(wording, answered=answered)
        kept = [number for number, question in enumerate(questions, 1) if question.reading == "final"]
        assert kept == [number for number in range(1, len(questions) + 1) if number % 3 == 0]


@BY_SET
def test_the_questions_stand_in_the_order_that_chooses_those_kept(wording: Wording) -> None:
    """Promise: bench.search, readings (by package and then by path, so that nobody chooses by the question)."""
    packages = [package.name for package in ASKED.packages]
    places = [(packages.index(one.package), one.files[0]) for one in of_set(wording, answered=True)]
    assert places == sorted(places)


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


@BY_SET
def test_the_questions_lead_into_two_languages(wording: Wording) -> None:
    """Promise: bench.search, packages (at least half of one package's questions are answered in C)."""
    answered = of_set(wording, answered=True)
    in_c = [question for question in answered if all(file.endswith(".c") for file in question.files)]
    assert {question.package for question in in_c} == {"psutil"}
    assert len(in_c) >= 10


def test_a_question_does_not_name_its_file() -> None:
    """Promise: bench.search, questions (in words of somebody who does not know the code)."""
    assert [one.id for one in WITH_ANSWER for file in one.files if file.rpartition("/")[2] in one.text] == []
