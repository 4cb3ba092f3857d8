"""Whether the best place deserves to be called an answer.

A question about what is not there uses the words of what is there, most of them: a high score is not enough. What tells
the two apart is the word that says most and is missing. So the best place's score is set against how badly it misses
the weightiest words, and against names that it does not have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from robocoders.search.file_names import file_name
from robocoders.search.postings import CODE, NAMES, PROSE, SCOPE
from robocoders.search.ranking import CandidateFile, Occurrences, Ranked, Weighed

__all__ = ["is_strong", "lacks_a_name"]

_SAID_IN = {NAMES: 1.0, SCOPE: 1.0, CODE: 0.4, PROSE: 0.15}
_IN_OWN_PATH, _NEAR_PATH, _ELSEWHERE_IN_FILE = 1.0, 0.6, 0.25
"""How surely a place is about a word: what is named by it is, what only mentions it in a comment hardly."""
_MISSING = 7.0
_LACKING_NAME = 4.0
"""Shared by the words of the question: the fewer they are, the more of it is the name."""
_LEAST_SCORE = 0.05
_STRONG = -3.8
"""These are rounded from questions with and without an answer about thirteen packages, those without worded like the
packages' own documentation; each was fitted on some of the packages and measured on the others."""

_BETWEEN_PARTS = re.compile(r"[\s_./-]+")


def is_strong(
    ranked: Sequence[Ranked],
    weighed: Sequence[Weighed],
    occurrences: Mapping[str, Occurrences],
    files: Mapping[int, CandidateFile],
    *,
    lacks_name: bool = False,
) -> bool:
    """Whether the best places deserve to be called an answer.

    The logarithm of what the best place scores, less what it misses: of each word the weight in this workspace times
    how little the place is about it, squared and summed, so that one telling word missed is worse than several that
    tell little. A single word is no question: to be found is enough.

    Args:
        ranked: The pieces, best first.
        weighed: The question's terms.
        occurrences: Of each stem, those of the terms' alternatives included.
        files: The files of the pieces, by number.
        lacks_name: Whether the best place lacks a name that the question says (see `lacks_a_name`).
    """
    plain = [one for one in weighed if not one.term.is_bonus]
    if not ranked or not plain:
        return False
    best = ranked[0]
    if len(plain) == 1:
        return best.coverage > 0
    path = files[best.candidate.file].path
    missed = [one.said * (1 - _aboutness(one, best, path, occurrences)) for one in plain]
    missing = math.hypot(*missed) / sum(one.said for one in plain)
    strength = math.log(max(best.score, _LEAST_SCORE)) - _MISSING * missing
    return strength - (_LACKING_NAME / len(plain) if lacks_name else 0.0) >= _STRONG


def lacks_a_name(names: Sequence[str], path: str, lines: Sequence[str]) -> bool:
    """Whether a place is without one of the names that a question says: nothing stands in the place of a name.

    Args:
        names: The names, as `Question.names` has them.
        path: The path of the place's file.
        lines: The lines of the place.
    """
    text = _BETWEEN_PARTS.sub("", f"{path}\n{''.join(lines)}").lower()
    return any(name not in text for name in names)


def _aboutness(one: Weighed, best: Ranked, path: str, occurrences: Mapping[str, Occurrences]) -> float:
    """How surely a place is about a term or what stands for it, 0 to 1."""
    name = file_name(path)
    shares = ((one.term.stem, 1.0), *one.term.alternatives)
    found = 0.0
    for stem, share in shares:
        columns = occurrences[stem].pieces.get(best.candidate.id, 0)
        sure = max((value for column, value in _SAID_IN.items() if columns & column), default=0.0)
        if stem in name.words:
            sure = max(sure, _IN_OWN_PATH)
        elif stem in name.folders or name.holds(stem):
            sure = max(sure, _NEAR_PATH)
        elif best.candidate.file in occurrences[stem].files:
            sure = max(sure, _ELSEWHERE_IN_FILE)
        found = max(found, share * sure)
    return found
