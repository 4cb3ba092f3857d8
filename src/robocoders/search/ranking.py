"""Which pieces answer a question best: pure arithmetic over what the index found.

A piece's score is the sum over the question's terms of

* the term's weight: how little it fits any question, times how rare it is in this workspace;
* how well the piece matches it against the best match of that term (a third of it for matching at all);
* more where the term is part of a name that the piece defines, or of the path or class around it;

times how much of the question's weight the piece covers, what kind of file it is, how well a name that it defines is
the question itself, whether the definition begins in it, and whether it is more than a line or two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from robocoders.search.kinds import KIND_FACTORS
from robocoders.search.questions import Term

__all__ = ["Candidate", "Hits", "Ranked", "is_strong", "rank", "stem_values", "term_weights"]

_NAME_BONUS = 0.5
_FITTING_NAME = 0.9
_UNOWNED_FACTOR = 0.7
"""For the lines between the definitions of a source file: imports, constants, the file's own description."""
_SHORT_LINES = 10
_SHORT_FACTOR = 0.75
_SCOPE_BONUS = 0.3
_PROSE_FACTOR = 0.6
_DEFINITION_FACTOR = 1.15
_COVERAGE_POWER = 1.5
_STRONG_COVERAGE = 0.62
_PER_FILE = 4
_FLOOR = 0.4
"""Places that score less than this part of the best one are not worth showing."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Where one stem occurs.

    Args:
        scores: For each candidate that holds it how well it matches, above 0.
        in_names: The pieces that define a name with it.
        in_scope: The pieces whose path or surrounding names hold it.
        in_prose_only: The pieces that hold it in comments and documentation strings alone.
        count: How many pieces hold it, candidates or not; where it is less than the scores, their number counts.
        best: The best score among all of these, which counts likewise.
    """

    scores: Mapping[int, float]
    in_names: frozenset[int] = frozenset()
    in_scope: frozenset[int] = frozenset()
    in_prose_only: frozenset[int] = frozenset()
    count: int = 0
    best: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece that holds at least one of the terms."""

    id: int
    file: int
    kind: str
    is_definition: bool
    is_owned: bool
    lines: int
    names: tuple[frozenset[str], ...]
    """Of each name that it defines the stems."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A piece with its score and the part of the question's weight that it covers, 0 to 1."""

    candidate: Candidate
    score: float
    coverage: float
    stems: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Scale:
    """What all pieces are measured against.

    Args:
        weights: Of the terms.
        best: The best match of each stem.
        asked: The weight of the whole question.
        stem_values: The weight of each stem that the question or an alternative names.
    """

    weights: Mapping[str, float]
    best: Mapping[str, float]
    asked: float
    stem_values: Mapping[str, float]


def term_weights(terms: Sequence[Term], hits: Mapping[str, Hits], pieces: int) -> dict[str, float]:
    """What each term weighs: rare ones more. A term that occurs nowhere weighs as the rarest.

    Args:
        terms: The question's terms.
        hits: The hits of each stem.
        pieces: How many pieces the index holds.
    """
    counts = {term.stem: max(hits[term.stem].count, len(hits[term.stem].scores)) for term in terms}
    return {term.stem: term.weight * math.log(2 + pieces / (0.5 + counts[term.stem])) for term in terms}


def stem_values(terms: Sequence[Term], weights: Mapping[str, float]) -> dict[str, float]:
    """The weight of each stem: that of its term, less where it is an alternative."""
    values: dict[str, float] = {}
    for term in terms:
        for stem, share in ((term.stem, 1.0), *term.alternatives):
            values[stem] = max(values.get(stem, 0.0), share * weights[term.stem])
    return values


def rank(
    terms: Sequence[Term], hits: Mapping[str, Hits], candidates: Sequence[Candidate], weights: Mapping[str, float]
) -> list[Ranked]:
    """Order candidates, best first, at most four for each file.

    Args:
        terms: The question's terms.
        hits: The hits of each stem, those of the terms' alternatives included.
        candidates: The pieces to order.
        weights: What `term_weights` gave.
    """
    scale = _Scale(
        weights=weights,
        best={stem: max(found.best, *found.scores.values(), 1e-9) for stem, found in hits.items()},
        asked=sum(weights[term.stem] for term in terms if not term.is_bonus) or 1.0,
        stem_values=stem_values(terms, weights),
    )
    ranked = [_rank_one(candidate, terms, hits, scale) for candidate in candidates]
    ranked.sort(key=lambda one: (-one.score, one.candidate.id))
    return _thinned(ranked)


def is_strong(ranked: Sequence[Ranked], terms: Sequence[Term]) -> bool:
    """Whether the best places hold the question's words together, so that they deserve to be called an answer."""
    if not ranked:
        return False
    plain = [term for term in terms if not term.is_bonus]
    covered = max(one.coverage for one in ranked[:3])
    matched = max(len(one.stems) for one in ranked[:3])
    return covered >= _STRONG_COVERAGE and matched >= min(2, len(plain))


def _rank_one(candidate: Candidate, terms: Sequence[Term], hits: Mapping[str, Hits], scale: _Scale) -> Ranked:
    score = covered = 0.0
    stems: list[str] = []
    for term in terms:
        weight = scale.weights[term.stem]
        part = factor = 0.0
        for stem, share in ((term.stem, 1.0), *term.alternatives):
            found = hits[stem]
            if candidate.id in found.scores:
                gained = share * _match(candidate.id, found, scale.best[stem])
                part, factor = max(part, gained), max(factor, share)
        if part:
            score += weight * part
            stems.append(term.stem)
            if not term.is_bonus:
                # A stand-in covers a little more than it scores: the question is answered in other words.
                covered += weight * (factor if factor == 1.0 else min(1.0, factor + 0.2))
    coverage = covered / scale.asked
    score *= coverage**_COVERAGE_POWER * KIND_FACTORS.get(candidate.kind, 0.0) * _shape_factor(candidate)
    score *= 1 + _FITTING_NAME * _name_fit(candidate, scale)
    return Ranked(candidate, score, coverage, tuple(stems))


def _shape_factor(candidate: Candidate) -> float:
    """Definitions before mentions, and what does the work before what hands it on in a line or two."""
    fullness = min(candidate.lines, _SHORT_LINES) / _SHORT_LINES
    factor = _SHORT_FACTOR + (1 - _SHORT_FACTOR) * fullness
    if candidate.kind == "source" and not candidate.is_owned:
        factor *= _UNOWNED_FACTOR
    return factor * (_DEFINITION_FACTOR if candidate.is_definition else 1.0)


def _name_fit(candidate: Candidate, scale: _Scale) -> float:
    """How well the best of the names is the question: the part of the name asked for, by the part of the question."""
    best = 0.0
    for name in candidate.names:
        found = [scale.stem_values[stem] for stem in name if stem in scale.stem_values]
        if found:
            # A name of several parts is indexed with the whole as one more stem.
            parts = len(name) - 1 if len(name) > 2 else len(name)
            best = max(best, min(1.0, len(found) / parts) * min(1.0, sum(found) / scale.asked))
    return best


def _match(piece: int, found: Hits, best: float) -> float:
    value = 0.35 + 0.65 * found.scores[piece] / best
    if piece in found.in_names:
        return value + _NAME_BONUS
    if piece in found.in_prose_only:
        return value * _PROSE_FACTOR
    return value + (_SCOPE_BONUS if piece in found.in_scope else 0.0)


def _thinned(ranked: Sequence[Ranked]) -> list[Ranked]:
    counts: dict[int, int] = {}
    kept: list[Ranked] = []
    for one in ranked:
        if one.score <= 0 or one.score < _FLOOR * ranked[0].score:
            break
        counts[one.candidate.file] = counts.get(one.candidate.file, 0) + 1
        if counts[one.candidate.file] <= _PER_FILE:
            kept.append(one)
    return kept
