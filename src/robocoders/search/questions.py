"""What a question searches for: its words, weighed, with the words that code uses in their place."""

from __future__ import annotations

from dataclasses import dataclass

from robocoders.search.stemming import stem
from robocoders.search.vocabulary import ALTERNATIVES, STOP_WORDS, WEAK_STEMS, WEAK_WEIGHT
from robocoders.search.words import TOKEN, joined, split_identifier

__all__ = ["Question", "Term", "parse_question"]

MAX_TERMS = 12
"""More words than this are a story; the first ones count."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to search for.

    Args:
        stem: As indexed.
        weight: How much it says about what is asked: 1 for a plain word, less for words that fit any question.
        alternatives: Stems that may stand for it in code, each with a factor below 1.
        is_bonus: A whole identifier whose parts are terms as well: it raises what holds it, and is not missed.
    """

    stem: str
    weight: float
    alternatives: tuple[tuple[str, float], ...] = ()
    is_bonus: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question's terms, and its words as they were written, for showing."""

    terms: tuple[Term, ...]
    words: tuple[str, ...]


def parse_question(text: str) -> Question:
    """Find the words of a question that can be searched for; without any, both tuples are empty."""
    terms: dict[str, Term] = {}
    words: dict[str, None] = {}
    for token in TOKEN.findall(text):
        parts = split_identifier(token)
        is_identifier = len(parts) > 1
        if not is_identifier and token.lower() in STOP_WORDS:
            continue
        known = len(terms)
        for part in parts:
            if len(part) > 1 or part.isnumeric() or is_identifier:
                root = stem(part.lower())
                terms.setdefault(root, _term(root))
        if is_identifier:
            whole = joined(token)
            terms.setdefault(whole, Term(whole, 1.0, is_bonus=True))
        if len(terms) > known:
            words.setdefault(token if is_identifier else token.lower())
        if len(terms) >= MAX_TERMS:
            break
    return Question(tuple(terms.values()), tuple(words))


def _term(root: str) -> Term:
    return Term(root, WEAK_WEIGHT if root in WEAK_STEMS else 1.0, ALTERNATIVES.get(root, ()))
