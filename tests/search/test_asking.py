from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.asking import MOST_SYMBOLS, Asked, ask, what_is_asked
from robocoders.search.index import Index, SearchResult
from tests.search.trees import SHOP, workspace_with


def _ask(tmp_path: Path, question: str, files: dict[str, str] | None = None) -> SearchResult:
    with Index.open(tmp_path / "index", workspace_with(tmp_path / "shop", files or SHOP)) as index:
        index.refresh()
        return ask(index, question)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who calls parse_header?", "parse_header"),
        ("what calls `Jar.save()`", "Jar.save"),
        ("Which function calls the method CookieJar::parse in the shop?", "CookieJar::parse"),
        ("Where is compute_total() called?", "compute_total"),
        ("callers of refresh", "refresh"),
        ("Show me all the calls of refresh", "refresh"),
        ("where is compute_total used?", "compute_total"),
        ("find all references to place_order.", "place_order"),
        ("кто вызывает place_order?", "place_order"),
        ("Wer ruft place_order auf?", "place_order"),
        ("Qui appelle place_order ?", "place_order"),
    ],
)
def test_who_calls_a_name_is_understood(question: str, name: str) -> None:
    """Promise: README, search: who calls X."""
    asked = what_is_asked(question)
    assert (asked.about, asked.subject) == ("callers", name)


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("What is in shop/cookies.py?", "shop/cookies.py"),
        ("what's in this file: `./cookies.py`", "cookies.py"),
        ("What does cookies.py define?", "cookies.py"),
        ("Which functions and classes are in src/app.test.js?", "src/app.test.js"),
        ("explain Makefile", "Makefile"),
        ("Что есть в файле cookies.py?", "cookies.py"),
        ("cookies.py", "cookies.py"),
        ("What is in this file?", ""),
    ],
)
def test_what_is_in_a_file_is_understood(question: str, path: str) -> None:
    """Promise: README, search: what is in this file."""
    assert what_is_asked(question) == Asked("file", path)


@pytest.mark.parametrize(
    "question",
    [
        "Where is the cookie header parsed?",
        "Where is the cache used?",
        "Who uses the database?",
        "Where is cookies.py loaded?",
        "Fix cookies.py",
        "Compare a.py with b.py",
        "Where does it call the server and wait for it?",
        "",
        "who calls " + "x" * 1000,
    ],
)
def test_other_questions_are_about_places(question: str) -> None:
    """Promise: README, search: where, what, who and how something is done."""
    assert what_is_asked(question) == Asked("places")


@given(st.text(max_size=400))
def test_anything_can_be_asked(question: str) -> None:
    """Promise: ours; no question can break the search, and a subject is part of the question."""
    asked = what_is_asked(question)
    assert asked.subject in question
    assert (asked.about == "places") <= (not asked.subject)


@given(st.from_regex(r"[A-Za-z_]\w{0,20}", fullmatch=True))
def test_any_name_can_be_asked_about(name: str) -> None:
    """Promise: README, search: who calls X, whatever X is called."""
    if name.lower() not in {"the", "function", "method", "class", "macro", "constructor"}:
        assert what_is_asked(f"Who calls `{name}`?") == Asked("callers", name)


def test_calls_are_found_with_the_function_around_them(tmp_path: Path) -> None:
    """Promise: README, search: each place with its enclosing symbol and an excerpt."""
    found = _ask(tmp_path, "Who calls compute_total?")
    assert [(place.path, place.line, place.symbol, place.kind) for place in found.places] == [
        ("shop/orders.py", 5, "place_order", "function")
    ]
    assert "compute_total(items)" in found.places[0].excerpt
    assert (found.about, found.subject, found.terms, found.strong) == (
        "callers",
        "compute_total",
        ["compute_total"],
        True,
    )


def test_a_call_of_a_member_is_found_by_its_last_name(tmp_path: Path) -> None:
    """Promise: README, search: who calls X; a call names the member, not what it belongs to."""
    found = _ask(tmp_path, "Who calls CookieJar.parse_header?")
    assert [place.path for place in found.places] == ["tests/test_cookies.py"]


def test_a_name_that_nobody_calls_falls_back_to_mentions(tmp_path: Path) -> None:
    """Promise: ours; in languages that are not parsed a mention is the next best, and is not said to be a call."""
    found = _ask(tmp_path, "Who calls place_order?")
    assert (found.about, found.subject) == ("places", "place_order")
    assert found.places[0].symbol == "place_order"


def test_a_plain_word_that_nobody_calls_is_searched_for(tmp_path: Path) -> None:
    """Promise: ours; "what calls the discount" may not mean a function at all."""
    found = _ask(tmp_path, "What calls the discount?")
    assert (found.about, found.subject) == ("places", "")
    assert found.places[0].path == "shop/orders.py"


def test_a_file_is_told_by_its_definitions(tmp_path: Path) -> None:
    """Promise: README, search: what is in this file; definitions in order, with kind and what is said about them."""
    found = _ask(tmp_path, "What is in cookies.py?", {**SHOP, "deep/down/cookies.py": "x = 1\n"})
    assert (found.about, found.subject, found.strong) == ("file", "shop/cookies.py", True)
    assert [(place.line, place.symbol, place.kind, place.excerpt) for place in found.places] == [
        (5, "DEFAULT_AGE_SECONDS", "constant", ""),
        (8, "CookieJar", "class", "Holds cookies."),
        (11, "CookieJar.parse_header", "method", ""),
        (18, "CookieJar.save", "method", ""),
    ]


def test_a_file_that_is_not_there_is_searched_for(tmp_path: Path) -> None:
    """Promise: ours; a name that only looks like a path is a question like any other."""
    assert _ask(tmp_path, "What is in jar.rb?").about == "places"
    assert _ask(tmp_path, "What is in this file?").places == []


def test_a_long_file_is_told_in_part(tmp_path: Path) -> None:
    """Promise: ours; an answer has an end."""
    found = _ask(tmp_path, "long.py", {"long.py": "".join(f"def f{n}():\n    pass\n\n" for n in range(300))})
    assert len(found.places) == MOST_SYMBOLS
    assert found.more
