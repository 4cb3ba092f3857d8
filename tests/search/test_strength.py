from __future__ import annotations

from collections.abc import Mapping, Sequence

from robocoders.search.postings import CODE, NAMES, PROSE
from robocoders.search.questions import Question, Term, parse_question
from robocoders.search.ranking import Candidate, CandidateFile, InFile, Occurrences, rank, spread, weigh
from robocoders.search.strength import Judged, is_strong, lacks_a_name

PIECES = 100


def _verdict(
    terms: Sequence[Term],
    where: Mapping[str, Mapping[int, int]],
    *,
    counts: Mapping[str, int] | None = None,
    names: Sequence[str] = (),
    texts: Mapping[int, Sequence[str]] | None = None,
) -> bool:
    """Whether an index of a hundred pieces answers, each piece a file of its own.

    Args:
        terms: What is asked.
        where: Of each stem the columns in which a piece holds it.
        counts: In how many pieces it is, where those in `where` are not all.
        names: The names that are asked for.
        texts: The lines of a piece, where what it holds does not stand in one line.
    """
    occurrences = {stem: _occurrences(pieces, (counts or {}).get(stem)) for stem, pieces in where.items()}
    weighed = weigh(terms, {stem: found.count for stem, found in occurrences.items()}, PIECES)
    numbers = sorted({number for pieces in where.values() for number in pieces})
    candidates = [
        Candidate(number, number, is_definition=True, is_owned=True, lines=10, names=()) for number in numbers
    ]
    files = {number: CandidateFile(f"f{number}.py", "source", 1) for number in numbers}
    ranked = rank(Question(tuple(terms), ()), weighed, occurrences, candidates, files)
    in_one_line = {number: [" ".join(stem for stem in where if number in where[stem])] for number in numbers}
    lines = {**in_one_line, **(texts or {})}
    places = [Judged(one, f"f{one.candidate.id}.py", lines[one.candidate.id]) for one in spread(ranked)]
    return is_strong(places, weighed, occurrences, names)


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
    assert not is_strong([], weigh(_terms("flux"), {"flux": 0}, PIECES), {})


def test_a_word_that_is_nowhere_weighs_against_an_answer() -> None:
    """Promise: README, search: "no strong match" is decided honestly; the rest of the question is not the question."""
    terms = _terms("file", "flux")
    assert not _verdict(terms, {"file": {1: CODE, 2: CODE}, "flux": {}}, counts={"file": 60})


def test_the_telling_word_in_a_comment_alone_is_no_strong_match() -> None:
    """Promise: ours; code about tasks that says "export" once does not export them."""
    terms = _terms("export", "finish", "task")
    common = {"task": 60, "finish": 30}
    by_name = {"task": {1: NAMES}, "finish": {1: CODE}}
    lines = ["def finish(task):", "", "", "# An export may wait."]
    assert not _verdict(terms, {**by_name, "export": {1: PROSE}}, counts=common, texts={1: lines})
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
    assert not _verdict(terms, where, names=["fluxorder"], texts={1: ["order the flux"]})


def test_words_that_stand_together_say_more_than_words_far_apart() -> None:
    """Promise: ours; where each word of a compound occurs with something else, the compound is not there."""
    terms, where = _terms("order", "limit"), {"order": {1: CODE}, "limit": {1: PROSE}}
    assert _verdict(terms, where, texts={1: ["", "order()  # Has a limit."]})
    assert not _verdict(terms, where, texts={1: ["order()", "", "# There is a limit."]})


def test_words_in_lines_one_below_the_other_stand_together() -> None:
    """Promise: ours; a call is broken over lines wherever its formatter likes."""
    terms, where = _terms("order", "limit"), {"order": {1: CODE}, "limit": {1: PROSE}}
    assert _verdict(terms, where, texts={1: ["", "order(", "    # The limit.", ")"]})


def test_what_a_question_says_first_is_missed_most() -> None:
    """Promise: ours; a question asks for what it names first and then tells more about it."""
    where = {"export": {1: PROSE}, "table": {1: NAMES}, "screen": {1: CODE}}
    common = {"table": 40, "screen": 40}
    assert not _verdict(_terms("export", "table", "screen"), where, counts=common)
    assert _verdict(_terms("table", "screen", "export"), where, counts=common)


def test_names_are_told_by_how_they_are_written() -> None:
    """Promise: ours; capitals inside of a sentence, digits and suffixes make a name, the first word's capital none."""
    assert parse_question("Where is Redis used? Also see OpenAPI and Node.js.").names == ("redis", "openapi", "nodejs")
    assert parse_question("place_order of the shop").names == ("placeorder",)
    assert parse_question("Where are files written?").names == ()
