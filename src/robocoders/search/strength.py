"""Whether the best places deserve to be called an answer.

A question about what is not there uses the words of what is there, most of them: a high score is not enough. What tells
the two apart is the word that says most and is missing, and whether the words stand together: those of something that
is not there all occur, each with something else. So the best place's score is set against how badly the first places
miss the weightiest words, against how little of the question the best place says in one breath, and against names that
it does not have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from robocoders.search.file_names import FileName, file_name
from robocoders.search.postings import CODE, NAMES, SCOPE
from robocoders.search.ranking import Occurrences, Ranked, Weighed
from robocoders.search.words import index_words

__all__ = ["JUDGED_PLACES", "Judged", "is_strong", "lacks_a_name"]

JUDGED_PLACES = 5
"""How many of the first places are looked at."""

_SAID_IN = {NAMES: 1.0, SCOPE: 1.0, CODE: 0.4}
_IN_OWN_PATH, _NEAR_PATH, _IN_FILE = 1.0, 0.6, 0.25
"""How surely a place is about a word: what is named by it is, what only mentions it in a comment hardly."""
_LATER = 0.25
"""What a question says first is what it asks for, what comes after that tells more about it: how much faster than the
first each later word loses weight."""
_MISSING, _MISSING_PLACES = 8.0, 3
"""The mean of the first places, the best of them twice: where there is an answer, those that follow it are mostly about
it too."""
_LACKING_NAME = 5.0
"""Shared by the words of the question: the fewer they are, the more of it is the name."""
_FEW_WORDS, _LEAST_WORDS = 5.0, 3
"""Shared by them as well: a few words are found somewhere by chance, and of many some are always missing. Of questions
of two words too little is known to ask still more of them."""
_TOGETHER, _TOGETHER_ANYWHERE = 3.0, 1.5
"""What the best place says in one breath speaks for it; that another of the places says more speaks against both."""
_LEAST_SCORE = 0.05
_STRONG = -4.7
"""These are rounded from questions with and without an answer about thirteen packages, those without worded like the
packages' own documentation; each was fitted on some of the packages and measured on the others."""

_BETWEEN_PARTS = re.compile(r"[\s_./-]+")


@dataclass(frozen=True, slots=True)
class Judged:
    """One of the first places.

    Args:
        ranked: The piece.
        path: The path of its file.
        lines: Its lines.
    """

    ranked: Ranked
    path: str
    lines: Sequence[str]


def is_strong(
    places: Sequence[Judged],
    weighed: Sequence[Weighed],
    occurrences: Mapping[str, Occurrences],
    names: Sequence[str] = (),
) -> bool:
    """Whether the best places deserve to be called an answer.

    The logarithm of what the best place scores; less what the first places miss, of each word the weight in this
    workspace times how little a place is about it, squared and summed, so that one telling word missed is worse than
    several that tell little; more for what the best place says of the question within two lines. A single word is no
    question: to be found is enough.

    Args:
        places: The first places, best first; at most `JUDGED_PLACES` count.
        weighed: The question's terms, in its order.
        occurrences: Of each stem, those of the terms' alternatives included.
        names: The names that the question says, as `Question.names` has them.
    """
    plain = [one for one in weighed if not one.term.is_bonus]
    if not places or not plain:
        return False
    best = places[0]
    if len(plain) == 1:
        return best.ranked.coverage > 0
    asked = _Asked(plain, [one.said / (1 + _LATER * place) for place, one in enumerate(plain)])
    missing = [_missing(asked, place, occurrences) for place in (best, *places[:_MISSING_PLACES])]
    together = [_together(asked, place) for place in places[:JUDGED_PLACES]]
    strength = math.log(max(best.ranked.score, _LEAST_SCORE)) - _MISSING * sum(missing) / len(missing)
    strength += _TOGETHER * together[0] - _TOGETHER_ANYWHERE * max(together)
    strength -= _FEW_WORDS / max(len(plain), _LEAST_WORDS)
    if names and lacks_a_name(names, best.path, best.lines):
        strength -= _LACKING_NAME / len(plain)
    return strength >= _STRONG


def lacks_a_name(names: Sequence[str], path: str, lines: Sequence[str]) -> bool:
    """Whether a place is without one of the names that a question says: nothing stands in the place of a name.

    Args:
        names: The names, as `Question.names` has them.
        path: The path of the place's file.
        lines: The lines of the place.
    """
    text = _BETWEEN_PARTS.sub("", f"{path}\n{''.join(lines)}").lower()
    return any(name not in text for name in names)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The plain terms of a question and what each of them weighs in the verdict."""

    terms: Sequence[Weighed]
    weights: Sequence[float]

    def share(self, found: Iterable[float]) -> float:
        """The part of the question's weight that is found, of each term 0 to 1."""
        return sum(weight * part for weight, part in zip(self.weights, found, strict=True)) / sum(self.weights)


def _missing(asked: _Asked, place: Judged, occurrences: Mapping[str, Occurrences]) -> float:
    """How badly a place misses the weightiest terms, 0 to 1."""
    name = file_name(place.path)
    missed = [
        weight * (1 - _aboutness(one, place.ranked, name, occurrences))
        for one, weight in zip(asked.terms, asked.weights, strict=True)
    ]
    return math.hypot(*missed) / sum(asked.weights)


def _aboutness(one: Weighed, ranked: Ranked, name: FileName, occurrences: Mapping[str, Occurrences]) -> float:
    """How surely a place is about a term or what stands for it, 0 to 1."""
    found = 0.0
    for stem, share in _forms(one):
        columns = occurrences[stem].pieces.get(ranked.candidate.id, 0)
        sure = max((value for column, value in _SAID_IN.items() if columns & column), default=0.0)
        if ranked.candidate.file in occurrences[stem].files:
            sure = max(sure, _IN_FILE)
        sure = max(sure, _said_by_path(stem, name))
        found = max(found, share * sure)
    return found


def _together(asked: _Asked, place: Judged) -> float:
    """The most of the question that a place says in two lines one below the other, its names and its path, 0 to 1."""
    path = file_name(place.path)
    named = frozenset(" ".join(place.ranked.candidate.names).split())
    forms = [_forms(one) for one in asked.terms]
    always = [max(share * (1.0 if stem in named else _said_by_path(stem, path)) for stem, share in of) for of in forms]
    wanted = frozenset(stem for of in forms for stem, _ in of)
    best = asked.share(always)
    above: frozenset[str] = frozenset()
    for line in place.lines:
        here = wanted.intersection(index_words(line).split())
        if here:
            both = here | above
            said = [max((share for stem, share in of if stem in both), default=0.0) for of in forms]
            best = max(best, asked.share(map(max, said, always)))
        above = here
    return best


def _forms(one: Weighed) -> tuple[tuple[str, float], ...]:
    """The stem of a term and what may stand for it, each with how well it does."""
    return ((one.term.stem, 1.0), *one.term.alternatives)


def _said_by_path(stem: str, name: FileName) -> float:
    if stem in name.words:
        return _IN_OWN_PATH
    return _NEAR_PATH if stem in name.folders or name.holds(stem) else 0.0
