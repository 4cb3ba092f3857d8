from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.search.__main__ import outcomes, table
from bench.search.questions import Wording, load_questions
from bench.search.reading import SEARCH, WORDS, Figures, reached
from bench.search.sources import fetch, unpack

FIRST = 0.65
AMONG_FIVE = 0.90
OVER_THE_BASELINE = 0.10 - 1e-9  # shares are not exact
UNMATCHED = 16 / 20
UNMATCHED_IN_DOCUMENTED_WORDS = 10 / 20
"""Not yet the 16 of 20 that are aimed at: who asks in a package's own words for what it does not do finds its words."""

# Read before a test gets an empty home: how this machine reaches its registries.
_ENVIRONMENT = dict(os.environ)


def shares(figures: Figures) -> tuple[float, float]:
    """Return the shares of right files that came first, and that came in the first five."""
    return figures.first / figures.answerable, figures.among_five / figures.answerable


def documented(figures: dict[tuple[Wording, str], Figures]) -> dict[str, bool]:
    """Return whether each bar of the questions in documented words is reached."""
    search = figures["documented words", SEARCH]
    (first, among_five), (words_first, words_among_five) = (
        shares(search),
        shares(figures["documented words", WORDS]),
    )
    return {
        "documented words: first": first >= FIRST,
        "documented words: first, over the words alone": first - words_first >= OVER_THE_BASELINE,
        "documented words: in the first five": among_five >= AMONG_FIVE,
        "documented words: in the first five, over the words alone": among_five - words_among_five >= OVER_THE_BASELINE,
        "documented words: no strong match": search.unmatched / search.unanswerable >= UNMATCHED_IN_DOCUMENTED_WORDS,
    }


def other(figures: dict[tuple[Wording, str], Figures]) -> dict[str, bool]:
    """Return whether each bar of the questions in other words is reached."""
    search, words = figures["other words", SEARCH], figures["other words", WORDS]
    return {
        "other words: first, over the words alone": search.first > words.first,
        "other words: in the first five, over the words alone": search.among_five > words.among_five,
        "other words: no strong match": search.unmatched / search.unanswerable >= UNMATCHED,
    }


@pytest.mark.needs_registry
@pytest.mark.unmeasured
def test_the_search_finds_the_right_file_better_than_the_words_alone(tmp_path: Path) -> None:
    """Promise: bench.search, bars (on packages that nobody tunes on, by the open questions of both sets)."""
    unpacked = tmp_path / "unpacked"
    for package in load_questions().packages:
        unpack(fetch(package, tmp_path / "cache", _ENVIRONMENT), package, unpacked)
    found = list(outcomes("open", tree=unpacked, cache=tmp_path / "cache", temporary=tmp_path))
    figures = reached(found)
    missed = [name for name, is_reached in (documented(figures) | other(figures)).items() if not is_reached]
    assert missed == [], table("open", figures)
