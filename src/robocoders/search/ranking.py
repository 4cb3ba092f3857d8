"""Which pieces answer a question best: pure arithmetic over what the index found.

A term weighs how little it fits any question times how rare it is in this workspace; a word that stands for it weighs
less, and never more than its own rarity allows. Then there is evidence of two kinds, each BM25F-like: a sum over the
terms of their weights, times how well each matches by the columns it is found in, times how much of the question is
covered.

* of a piece: names defined in it before the names around it, before its code, before its comments;
* of a file: its own name before its folders, what is said at its top, and in how many of its pieces a term is part of
  a name, of code, of comments.

A piece's score is both together, times what kind of file it is in. More is given where a name that the piece defines is
the question itself, less to pieces of a line or two and to what lies between definitions, and to files that only
declare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from robocoders.search.file_names import FileName, file_name
from robocoders.search.kinds import KIND_FACTORS
from robocoders.search.languages import language_of
from robocoders.search.postings import CODE, NAMES, PROSE, SCOPE
from robocoders.search.questions import Question, Term

__all__ = [
    "Candidate",
    "CandidateFile",
    "InFile",
    "Occurrences",
    "Ranked",
    "Weighed",
    "rank",
    "spread",
    "stem_values",
    "weigh",
]

_COLUMN_WEIGHTS = {NAMES: 3.0, SCOPE: 1.2, CODE: 1.0, PROSE: 0.7}
_PIECE_SATURATION = 2.0
_PIECE_COVERAGE_POWER = 1.3
_FITTING_NAME = 0.8
_UNOWNED_FACTOR = 0.8
"""For the lines between the definitions of a source file: imports, constants, the file's own description."""
_SHORT_LINES = 10
_SHORT_FACTOR = 0.85

_OWN_NAME, _PART_OF_OWN_NAME, _FOLDER, _HEAD = 5.0, 2.5, 1.2, 2.0
_IN_NAMES, _IN_CODE, _IN_PROSE = 1.2, 0.8, 0.5
_FILE_SATURATION = 3.0
_FILE_LENGTH_SHARE, _ORDINARY_PIECES, _MOST_PIECES = 0.3, 15, 100
_FILE_COVERAGE_POWER = 0.75
_FILE_SHARE = 2.0
"""How much the file's evidence counts beside the piece's."""

_PER_FILE = 2
_SECOND_OF_FILE = 0.95
"""A second place in a file is shown only where it is about as good as the best of all: five files say more than one."""
"""All from questions with and without an answer about packages in several languages: what tells most of them apart."""

_NAMED_LANGUAGE = 2.0
_DECLARING = 0.8
_DECLARING_ONLY = 0.5
_FALLBACK_KIND = 0.3


@dataclass(frozen=True, slots=True)
class InFile:
    """How one stem occurs in a file: in the names, code and comments of how many pieces, and whether at its top."""

    names: int
    code: int
    prose: int
    in_head: bool


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where one stem occurs.

    Args:
        count: In how many pieces of the workspace.
        pieces: For each candidate that holds it in which columns, as bits.
        files: For each candidate's file that holds it how.
    """

    count: int
    pieces: Mapping[int, int]
    files: Mapping[int, InFile]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece that holds at least one of the terms."""

    id: int
    file: int
    is_definition: bool
    is_owned: bool
    lines: int
    names: Sequence[str]
    """Of each name that it defines the stems, separated by spaces."""


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """The file of a candidate: its path, its kind (see `kind_of`) and in how many pieces it is."""

    path: str
    kind: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A piece with its score and the part of the question's weight that it covers, 0 to 1."""

    candidate: Candidate
    score: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """A term with what it weighs in this workspace.

    Args:
        term: The term.
        weight: What the stem itself weighs; where it occurs nowhere, the most that a word in its place weighs.
        stems: The stem and the words in its place, each with what it weighs there.
        said: What the stem itself weighs, wherever it occurs.
    """

    term: Term
    weight: float
    stems: tuple[tuple[str, float], ...]
    said: float


def weigh(terms: Sequence[Term], counts: Mapping[str, int], pieces: int) -> list[Weighed]:
    """What each term weighs: rare ones more.

    Args:
        terms: The question's terms.
        counts: In how many pieces each stem is, those of the alternatives included.
        pieces: How many pieces the index holds.
    """
    return [_weigh(term, counts, pieces) for term in terms]


def _weigh(term: Term, counts: Mapping[str, int], pieces: int) -> Weighed:
    def rarity(stem: str) -> float:
        return term.weight * math.log(1 + (pieces + 1) / (0.5 + counts[stem]))

    own = rarity(term.stem)
    others = tuple((stem, share * min(own, rarity(stem))) for stem, share in term.alternatives)
    known = [weight for stem, weight in others if counts[stem]]
    weight = max(known, default=own) if not counts[term.stem] else own
    return Weighed(term, weight, ((term.stem, own), *others), own)


def rank(
    question: Question,
    weighed: Sequence[Weighed],
    occurrences: Mapping[str, Occurrences],
    candidates: Sequence[Candidate],
    files: Mapping[int, CandidateFile],
) -> list[Ranked]:
    """Order candidates, best first.

    Args:
        question: What is asked.
        weighed: Its terms, as `weigh` gave them.
        occurrences: Of each stem, those of the terms' alternatives included.
        candidates: The pieces to order.
        files: Their files, by number.
    """
    scale = _Scale(weighed, occurrences, sum(one.weight for one in weighed if not one.term.is_bonus) or 1.0)
    of_files = {number: _file_evidence(number, file, scale) for number, file in files.items()}
    factors = {number: _file_factor(file, question) for number, file in files.items()}
    ranked = [
        _rank_one(candidate, scale, of_files[candidate.file], files[candidate.file], factors[candidate.file])
        for candidate in candidates
    ]
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.id))


def spread(ranked: Sequence[Ranked]) -> Iterator[Ranked]:
    """The ranked pieces as they are to be shown: at most two of a file."""
    counts: dict[int, int] = {}
    for one in ranked:
        count = counts.get(one.candidate.file, 0)
        if count and (count >= _PER_FILE or one.score < _SECOND_OF_FILE * ranked[0].score):
            continue
        counts[one.candidate.file] = count + 1
        yield one


def stem_values(weighed: Sequence[Weighed]) -> dict[str, float]:
    """The most that each stem weighs in the question, those of alternatives included."""
    values: dict[str, float] = {}
    for one in weighed:
        for stem, weight in one.stems:
            values[stem] = max(values.get(stem, 0.0), weight)
    return values


@dataclass(frozen=True, slots=True)
class _Scale:
    """What all pieces are measured against; `asked` is the weight of the whole question."""

    weighed: Sequence[Weighed]
    occurrences: Mapping[str, Occurrences]
    asked: float


def _file_evidence(number: int, file: CandidateFile, scale: _Scale) -> float:
    name = file_name(file.path)
    length = min(file.pieces, _MOST_PIECES) / _ORDINARY_PIECES
    saturation = _FILE_SATURATION * (1 - _FILE_LENGTH_SHARE + _FILE_LENGTH_SHARE * length)
    score = covered = 0.0
    for one in scale.weighed:
        best = most = 0.0
        for stem, weight in one.stems:
            found = scale.occurrences[stem].files.get(number)
            frequency = _in_path(stem, name) + (_in_pieces(found) if found is not None else 0.0)
            if frequency:
                best = max(best, weight * frequency / (frequency + saturation))
                most = max(most, weight)
        score += best
        covered += 0.0 if one.term.is_bonus else most
    coverage = min(1.0, covered / scale.asked)
    return score / scale.asked * coverage**_FILE_COVERAGE_POWER


def _in_path(stem: str, name: FileName) -> float:
    own = _OWN_NAME if stem in name.words else _PART_OF_OWN_NAME if name.holds(stem) else 0.0
    return own + (_FOLDER if stem in name.folders else 0.0)


def _in_pieces(found: InFile) -> float:
    in_pieces = (
        _IN_NAMES * math.log1p(found.names) + _IN_CODE * math.log1p(found.code) + _IN_PROSE * math.log1p(found.prose)
    )
    return in_pieces + (_HEAD if found.in_head else 0.0)


def _file_factor(file: CandidateFile, question: Question) -> float:
    """Sources before tests, documents and what is not written by hand, and the language that the question names."""
    factor = KIND_FACTORS.get(file.kind, _FALLBACK_KIND)
    name = file_name(file.path)
    if name.only_declares:
        factor *= _DECLARING_ONLY
    elif name.is_of_declarations and not any(term.stem in name.words for term in question.terms):
        factor *= _DECLARING
    return factor * _NAMED_LANGUAGE if language_of(file.path) in question.languages else factor


def _rank_one(candidate: Candidate, scale: _Scale, of_file: float, file: CandidateFile, file_factor: float) -> Ranked:
    score = covered = 0.0
    named: dict[str, float] = {}
    for one in scale.weighed:
        best = most = 0.0
        for stem, weight in one.stems:
            columns = scale.occurrences[stem].pieces.get(candidate.id)
            if columns is None:
                continue
            best = max(best, weight * _MATCHES[columns])
            most = max(most, weight)
            if columns & NAMES:
                named[stem] = max(named.get(stem, 0.0), weight)
        score += best
        covered += 0.0 if one.term.is_bonus else most
    coverage = min(1.0, covered / scale.asked)
    score = score / scale.asked * coverage**_PIECE_COVERAGE_POWER
    if named:
        score *= 1 + _FITTING_NAME * _name_fit(candidate.names, named, scale.asked)
    score += _FILE_SHARE * of_file
    if file.kind == "source":
        score *= _shape_factor(candidate)
    return Ranked(candidate, score * file_factor, coverage)


def _shape_factor(candidate: Candidate) -> float:
    """Definitions before what lies between them, and what does the work before what hands it on in a line or two."""
    fullness = min(candidate.lines, _SHORT_LINES) / _SHORT_LINES
    factor = _SHORT_FACTOR + (1 - _SHORT_FACTOR) * fullness
    return factor if candidate.is_owned else factor * _UNOWNED_FACTOR


def _name_fit(names: Sequence[str], named: Mapping[str, float], asked: float) -> float:
    """How well the best of the names is the question: the part of the name asked for, by the part of the question."""
    best = 0.0
    for name in names:
        stems = frozenset(name.split())
        found = [weight for stem, weight in named.items() if stem in stems]
        if found:
            # A name of several parts is indexed with the whole as one more stem.
            parts = len(stems) - 1 if len(stems) > 2 else len(stems)
            best = max(best, min(1.0, len(found) / parts) * min(1.0, sum(found) / asked))
    return best


def _match(columns: int) -> float:
    frequency = sum(weight for column, weight in _COLUMN_WEIGHTS.items() if columns & column)
    return frequency / (frequency + _PIECE_SATURATION)


_MATCHES = tuple(_match(columns) for columns in range(sum(_COLUMN_WEIGHTS) + 1))
"""How well a stem matches, by the columns it is in."""
