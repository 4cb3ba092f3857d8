from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.questions import MAX_TERMS, parse_question
from robocoders.search.synonyms import alternatives_of, phrases
from robocoders.search.vocabulary import WEAK_WEIGHT


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Where is the credential cache written?", ("credential", "cache", "written")),
        ("Где пишется кэш сессий?", ("пишется", "кэш", "сессий")),
        ("How does CredentialCache.save_all work?", ("CredentialCache", "save_all")),
        ("How are host names looked up?", ("host", "names", "looked up")),
        ("Where is the queue shut down in Python?", ("queue", "shut down")),
        ("Where is it?", ()),
        ("", ()),
        ("cache, the Cache and caches", ("cache",)),
    ],
)
def test_question_words_are_not_searched_for(question: str, words: tuple[str, ...]) -> None:
    """Promise: README, search: the answer says which terms were searched."""
    assert parse_question(question).words == words


def test_words_that_fit_any_question_weigh_less() -> None:
    """Promise: README, search: question words are weighed down."""
    terms = parse_question("Which function handles cookies?").terms
    weights = {term.stem: term.weight for term in terms if not term.is_bonus}
    assert weights == {"funct": WEAK_WEIGHT, "handl": WEAK_WEIGHT, "cooky": 1.0}


def test_an_identifier_counts_whole_and_in_parts() -> None:
    """Promise: README, search: identifiers are split, and the whole counts as well."""
    terms = parse_question("CredentialCache").terms
    assert [(term.stem, term.is_bonus) for term in terms] == [
        ("credential", False),
        ("cach", False),
        ("credentialcache", True),
    ]


def test_code_calls_things_by_other_names() -> None:
    """Promise: ours; what a question calls writing, code may call saving."""
    (term,) = parse_question("written").terms
    assert "sav" in dict(term.alternatives)
    assert all(0 < factor < 1 for _, factor in term.alternatives)


def test_several_words_may_mean_one_thing() -> None:
    """Promise: ours; "look up" is one word for code, and none of its parts is searched for by itself."""
    (term,) = parse_question("Where is it looked up?").terms
    assert term.stem == "lookup"
    assert "resolv" in dict(term.alternatives)


def test_words_side_by_side_may_be_one_name() -> None:
    """Promise: README, search: identifiers are split; what is asked apart may be written together."""
    terms = {term.stem: term for term in parse_question("Where are content types parsed?").terms}
    assert terms["contenttype"].is_bonus
    assert "contenttypes" in dict(terms["contenttype"].alternatives)


@pytest.mark.parametrize(
    ("question", "languages"),
    [
        ("Which C code scales an image?", {"C"}),
        ("Where is it drawn in C++?", {"C++"}),
        ("Where is the socket opened in Python?", {"Python"}),
        ("Where is the C string copied?", {"C"}),
        ("Where is a python found?", set[str]()),
    ],
)
def test_a_question_may_name_a_language(question: str, languages: set[str]) -> None:
    """Promise: ours; who asks for the C code means C."""
    assert parse_question(question).languages == languages


@given(st.text(max_size=300))
def test_any_text_is_a_question(text: str) -> None:
    """Promise: ours; no question can break the search, and a story is cut."""
    question = parse_question(text)
    assert len(question.terms) <= 2 * MAX_TERMS + 10 * 12
    assert bool(question.terms) == bool(question.words)


def test_a_story_counts_by_its_first_words() -> None:
    """Promise: ours; a long prompt costs a bounded search."""
    question = parse_question(" ".join(f"{a}{b}xq" for a in "bcdfg" for b in "hjklm"))
    assert len(question.words) == MAX_TERMS
    assert len(question.terms) < 2 * MAX_TERMS


def test_the_list_of_synonyms_is_whole() -> None:
    """Promise: ours; every entry is read, every factor is below 1, no phrase is longer than what is looked for."""
    known = phrases()
    assert len(known) > 50
    assert all(2 <= len(said) <= 5 and meant for said, meant in known.items())
    assert dict(alternatives_of("forgery")) == {"csrf": 0.65, "xsrf": 0.65}
    assert dict(alternatives_of("msg"))["messag"] == 0.9
