from __future__ import annotations

from collections.abc import Sequence

from robocoders.search.questions import Term
from robocoders.search.ranking import Candidate, Hits, Ranked, is_strong, rank, term_weights


def _candidate(
    number: int, *, kind: str = "source", is_definition: bool = True, lines: int = 10, names: Sequence[str] = ()
) -> Candidate:
    return Candidate(
        id=number,
        file=number,
        kind=kind,
        is_definition=is_definition,
        is_owned=True,
        lines=lines,
        names=tuple(frozenset(name.split()) for name in names),
    )


def _ranked(candidates: Sequence[Candidate], hits: dict[str, Hits], *stems: str) -> list[Ranked]:
    terms = [Term(stem, 1.0) for stem in stems]
    return rank(terms, hits, candidates, term_weights(terms, hits, 100))


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    """Promise: ours; what tells places apart counts."""
    hits = {"rare": Hits({1: 1.0}), "common": Hits(dict.fromkeys(range(80), 1.0)), "absent": Hits({})}
    weights = term_weights([Term(stem, 1.0) for stem in hits], hits, 100)
    assert weights["absent"] > weights["rare"] > weights["common"] > 0


def test_sources_come_before_tests_and_documents() -> None:
    """Promise: README, search: sources over tests, documents, translations and vendored files."""
    kinds = ["translation", "test", "source", "document"]
    found = _ranked(
        [_candidate(n, kind=kind) for n, kind in enumerate(kinds)], {"x": Hits(dict.fromkeys(range(4), 1.0))}, "x"
    )
    assert [one.candidate.kind for one in found] == ["source", "document", "test"]


def test_a_name_that_is_the_question_comes_first() -> None:
    """Promise: README, search: definitions over mentions."""
    hits = {
        "parse": Hits({1: 1.0, 2: 1.0}, in_names=frozenset({2})),
        "url": Hits({1: 1.0, 2: 1.0}, in_names=frozenset({2})),
    }
    found = _ranked([_candidate(1), _candidate(2, names=["parse url parseurl", "other"])], hits, "parse", "url")
    assert [one.candidate.id for one in found] == [2, 1][: len(found)]


def test_what_does_the_work_comes_before_what_hands_it_on() -> None:
    """Promise: ours; a function of one line rarely is the answer."""
    found = _ranked([_candidate(1, lines=2), _candidate(2, lines=30)], {"x": Hits({1: 1.0, 2: 1.0})}, "x")
    assert [one.candidate.id for one in found] == [2, 1]


def test_code_comes_before_comments() -> None:
    """Promise: ours; what does a thing comes before what talks about it."""
    hits = {"x": Hits({1: 1.0, 2: 1.0, 3: 1.0}, in_prose_only=frozenset({1}), in_scope=frozenset({3}))}
    found = _ranked([_candidate(number) for number in (1, 2, 3)], hits, "x")
    assert [one.candidate.id for one in found] == [3, 2, 1][: len(found)]


def test_words_that_do_not_come_together_are_no_strong_match() -> None:
    """Promise: README, search: "no strong match" is decided honestly."""
    apart = {"flux": Hits({1: 1.0}), "capacitor": Hits({2: 1.0})}
    together = {"flux": Hits({1: 1.0}), "capacitor": Hits({1: 1.0})}
    terms = [Term("flux", 1.0), Term("capacitor", 1.0)]
    candidates = [_candidate(1), _candidate(2)]
    assert not is_strong(_ranked(candidates, apart, "flux", "capacitor"), terms)
    assert is_strong(_ranked(candidates, together, "flux", "capacitor"), terms)
    assert not is_strong([], terms)
