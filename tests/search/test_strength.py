from __future__ import annotations

from collections.abc import Mapping, Sequence

from robocoders.search.postings import CODE, NAMES, PROSE
from robocoders.search.questions import Question, Term, parse_question
from robocoders.search.ranking import Candidate, CandidateFile, InFile, Occurrences, rank, weigh
from robocoders.search.strength import is_strong, lacks_a_name

PIECES = 100


def _verdict(
    terms: Sequence[Term],
    where: Mapping[str, Mapping[int, int]],
    *,
    counts: Mapping[str, int] | None = None,
    lacks_name: bool = False,
) -> bool:
    """Whether an index of a hundred pieces answers, each piece a file of its own.

    Args:
        terms: What is asked.
        where: Of each stem the columns in which a piece holds it.
        counts: In how many pieces it is, where those in `where` are not all.
        lacks_name: Whether the place lacks a name that is asked for.
    """
    occurrences = {stem: _occurrences(pieces, (counts or {}).get(stem)) for stem, pieces in where.items()}
    weighed = weigh(terms, {stem: found.count for stem, found in occurrences.items()}, PIECES)
    numbers = sorted({number for pieces in where.values() for number in pieces})
    candidates = [
        Candidate(number, number, is_definition=True, is_owned=True, lines=10, names=()) for number in numbers
    ]
    files = {number: CandidateFile(f"f{number}.py", "source", 1) for number in numbers}
    ranked = rank(Question(tuple(terms), ()), weighed, occurrences, candidates, files)
    return is_strong(ranked, weighed, occurrences, files, lacks_name=lacks_name)


def _occurrences(pieces: Mapping[int, int], count: int | None) -> Occurrences:
    files = {
        number: InFile(int(bool(columns & NAMES)), int(bool(columns & CODE)), int(bool(columns & PROSE)), in_head=False)
        for number, columns in pieces.items()
    }
    return Occurrences(len(pieces) if count is None else count, pieces, files)


def _terms(*stems: str) -> list[Term]:
    return [Term(stem, 1.0) for stem in stems]


def test_words_that_do_not_come_together_are_no_strong_match() -> None:
    """Promise: README, search: "no strong match" is decided honestly."""
    terms = _terms("flux", "capacitor")
    assert not _verdict(terms, {"flux": {1: CODE}, "capacitor": {2: CODE}})
    assert _verdict(terms, {"flux": {1: CODE}, "capacitor": {1: CODE}})


def test_nothing_found_is_no_strong_match() -> None:
    """Promise: README, search: "no strong match" is decided honestly."""
    assert not _verdict(_terms("flux"), {"flux": {}})
    assert not is_strong([], weigh(_terms("flux"), {"flux": 0}, PIECES), {}, {})


def test_a_word_that_is_nowhere_weighs_against_an_answer() -> None:
    """Promise: README, search: "no strong match" is decided honestly; the rest of the question is not the question."""
    terms = _terms("file", "flux")
    assert not _verdict(terms, {"file": {1: CODE, 2: CODE}, "flux": {}}, counts={"file": 60})


def test_the_telling_word_in_a_comment_alone_is_no_strong_match() -> None:
    """Promise: ours; code about tasks that says "export" once does not export them."""
    terms = _terms("task", "finish", "export")
    common = {"task": 60, "finish": 30}
    by_name = {"task": {1: NAMES}, "finish": {1: CODE}}
    assert not _verdict(terms, {**by_name, "export": {1: PROSE}}, counts=common)
    assert _verdict(terms, {**by_name, "export": {1: NAMES}}, counts=common)


def test_a_common_word_may_be_missing() -> None:
    """Promise: ours; what tells little is not missed, or questions in full sentences would find nothing."""
    terms = _terms("task", "revoke", "certain")
    where = {"task": {1: NAMES}, "revoke": {1: NAMES}, "certain": {2: CODE}}
    assert _verdict(terms, where, counts={"task": 60, "certain": 70})


def test_a_far_synonym_of_the_telling_word_is_less_than_the_word() -> None:
    """Promise: ours; what may stand for a word orders places, and says less of whether they answer."""
    where = {"task": {1: NAMES}, "dump": {}, "write": {1: CODE}}
    common = {"task": 60, "write": 20}
    assert not _verdict([Term("task", 1.0), Term("dump", 1.0, (("write", 0.65),))], where, counts=common)
    assert _verdict([Term("task", 1.0), Term("write", 1.0)], where, counts=common)


def test_a_single_word_that_is_found_is_an_answer() -> None:
    """Promise: README, `robocoders search`: who looks for one word gets the places that say it, as with grep."""
    assert _verdict(_terms("flux"), {"flux": {1: PROSE}})


def test_a_name_that_the_place_does_not_have_weighs_against_it() -> None:
    """Promise: ours; nothing stands in the place of a name."""
    names = parse_question("Where is HTTP/3 negotiated?").names
    assert names == ("http3",)
    assert lacks_a_name(names, "client.py", ["def negotiate(http):", "    retry(3)"])
    assert not lacks_a_name(names, "client.py", ["# The version of HTTP/3.", "def negotiate(): ..."])
    assert not lacks_a_name(names, "lib/http_3.py", ["def negotiate(): ..."])


def test_the_parts_of_a_name_are_not_the_name() -> None:
    """Promise: ours; `flux_order` that is nowhere is not found where a flux is put in order."""
    terms, where = _terms("flux", "order"), {"flux": {1: CODE}, "order": {1: CODE}}
    assert _verdict(terms, where)
    assert not _verdict(terms, where, lacks_name=True)


def test_names_are_told_by_how_they_are_written() -> None:
    """Promise: ours; capitals inside of a sentence, digits and suffixes make a name, the first word's capital none."""
    assert parse_question("Where is Redis used? Also see OpenAPI and Node.js.").names == ("redis", "openapi", "nodejs")
    assert parse_question("place_order of the shop").names == ("placeorder",)
    assert parse_question("Where are files written?").names == ()
