from __future__ import annotations

from collections.abc import Sequence

from robocoders.search.postings import CODE, NAMES, PROSE, SCOPE
from robocoders.search.questions import Question, Term
from robocoders.search.ranking import (
    Candidate,
    CandidateFile,
    InFile,
    Occurrences,
    Ranked,
    rank,
    spread,
    stem_values,
    weigh,
)


def _candidate(
    number: int, *, file: int | None = None, is_owned: bool = True, lines: int = 10, names: Sequence[str] = ()
) -> Candidate:
    return Candidate(
        id=number,
        file=number if file is None else file,
        is_definition=is_owned,
        is_owned=is_owned,
        lines=lines,
        names=names,
    )


def _in(pieces: dict[int, int]) -> Occurrences:
    """A stem in the columns of some pieces, each a file of its own."""
    files = {
        number: InFile(int(bool(columns & NAMES)), int(bool(columns & CODE)), int(bool(columns & PROSE)), in_head=False)
        for number, columns in pieces.items()
    }
    return Occurrences(len(pieces), pieces, files)


def _ranked(
    candidates: Sequence[Candidate],
    occurrences: dict[str, Occurrences],
    *,
    paths: dict[int, tuple[str, str]] | None = None,
    languages: frozenset[str] = frozenset(),
) -> list[Ranked]:
    terms = tuple(Term(stem, 1.0) for stem in occurrences)
    weighed = weigh(terms, {stem: found.count for stem, found in occurrences.items()}, 100)
    named = {candidate.file: (f"f{candidate.file}.py", "source") for candidate in candidates} | (paths or {})
    files = {number: CandidateFile(path, kind, 1) for number, (path, kind) in named.items()}
    return rank(Question(terms, (), languages), weighed, occurrences, candidates, files)


def _order(ranked: Sequence[Ranked]) -> list[int]:
    return [one.candidate.id for one in ranked]


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    """Promise: ours; what tells places apart counts."""
    counts = {"rare": 1, "common": 80, "absent": 0}
    rare, common, absent = weigh([Term(stem, 1.0) for stem in counts], counts, 100)
    assert absent.weight > rare.weight > common.weight > 0


def test_a_word_in_the_place_of_another_weighs_less_and_no_more_than_it_is_rare() -> None:
    """Promise: ours; a synonym that is everywhere says little, however rare the word it stands for."""
    term = Term("persist", 1.0, (("sav", 0.65), ("writ", 0.65)))
    (one,) = weigh([term], {"persist": 2, "sav": 2, "writ": 90}, 100)
    values = stem_values([one])
    assert values["persist"] > values["sav"] > values["writ"] > 0
    (absent,) = weigh([term], {"persist": 0, "sav": 2, "writ": 90}, 100)
    assert absent.weight == dict(absent.stems)["sav"] < absent.said


def test_sources_come_before_tests_and_documents() -> None:
    """Promise: README, search: sources over tests, documents, translations and vendored files."""
    kinds = ["translation", "test", "source", "vendored", "document"]
    found = _ranked(
        [_candidate(number) for number in range(5)],
        {"x": _in(dict.fromkeys(range(5), CODE))},
        paths={number: (f"f{number}.py", kind) for number, kind in enumerate(kinds)},
    )
    places = [kinds[number] for number in _order(found)]
    assert places[0] == "source"
    assert places[-1] == "translation"


def test_a_name_that_is_the_question_comes_first() -> None:
    """Promise: README, search: definitions over mentions."""
    both = _in({1: CODE, 2: NAMES})
    found = _ranked([_candidate(1), _candidate(2, names=["parse url parseurl", "other"])], {"parse": both, "url": both})
    assert _order(found) == [2, 1]


def test_a_path_that_says_the_words_comes_first() -> None:
    """Promise: README, search: a path that says the words over one that does not; a part of a name says them, too."""
    found = _ranked(
        [_candidate(1), _candidate(2), _candidate(3)],
        {"order": _in({1: CODE, 2: CODE, 3: CODE})},
        paths={1: ("lib/things.py", "source"), 2: ("lib/orderinglist.py", "source"), 3: ("lib/order.py", "source")},
    )
    assert _order(found) == [3, 2, 1]


def test_a_file_that_is_about_it_raises_its_pieces() -> None:
    """Promise: ours; a file in which the words are everywhere and at the top is about them."""
    about = Occurrences(5, {1: CODE, 2: CODE}, {1: InFile(3, 4, 4, in_head=True), 2: InFile(0, 1, 0, in_head=False)})
    assert _order(_ranked([_candidate(2), _candidate(1)], {"x": about})) == [1, 2]


def test_what_does_the_work_comes_before_what_hands_it_on() -> None:
    """Promise: ours; a function of one line rarely is the answer, and what lies between definitions is not either."""
    candidates = [_candidate(1, is_owned=False), _candidate(2, lines=2), _candidate(3, lines=30)]
    assert _order(_ranked(candidates, {"x": _in({1: CODE, 2: CODE, 3: CODE})})) == [3, 2, 1]


def test_names_come_before_code_and_code_before_comments() -> None:
    """Promise: ours; what does a thing comes before what talks about it."""
    found = _ranked([_candidate(number) for number in range(4)], {"x": _in({0: PROSE, 1: CODE, 2: SCOPE, 3: NAMES})})
    assert _order(found)[0] == 3
    assert _order(found)[-1] in {0, 2}


def test_a_named_language_comes_first() -> None:
    """Promise: ours; who asks for the C code means C."""
    found = _ranked(
        [_candidate(1), _candidate(2)],
        {"x": _in({1: NAMES, 2: CODE})},
        paths={1: ("a.py", "source"), 2: ("a.c", "source")},
        languages=frozenset({"C"}),
    )
    assert _order(found) == [2, 1]


def test_what_only_declares_comes_last() -> None:
    """Promise: ours; a list of types says where nothing is done."""
    found = _ranked(
        [_candidate(1), _candidate(2), _candidate(3)],
        {"x": _in({1: CODE, 2: CODE, 3: CODE})},
        paths={1: ("a.d.ts", "source"), 2: ("exceptions.ts", "source"), 3: ("a.ts", "source")},
    )
    assert _order(found) == [3, 2, 1]


def test_five_files_say_more_than_one() -> None:
    """Promise: ours; a second place in a file is shown only where it is about as good as the best of all."""
    rows = ((1, 1, 1.0), (2, 1, 0.99), (3, 1, 0.98), (4, 2, 0.5), (5, 2, 0.4))
    found = [Ranked(_candidate(number, file=file), score, 1.0) for number, file, score in rows]
    assert _order(list(spread(found))) == [1, 2, 4]
