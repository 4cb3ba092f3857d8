"""What a question searches for: its words, weighed, with the words that code uses in their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from robocoders.search.stemming import stem
from robocoders.search.synonyms import alternatives_of, phrases
from robocoders.search.vocabulary import LANGUAGE_HINTS, STOP_WORDS, WEAK_STEMS, WEAK_WEIGHT
from robocoders.search.words import TOKEN, joined, split_identifier

__all__ = ["Question", "Term", "parse_question"]

MAX_TERMS = 12
"""More words than this are a story; the first ones count."""
_BONUS_WEIGHT = 0.6
_PHRASE_FACTOR = 0.9
_LONGEST_PHRASE = 5
"""In words; a test holds the list to it."""
_LANGUAGE = re.compile(
    r"\b(?:in|the|which|what|of|its|from)\s+(?P<name>c\+\+|c|python|javascript|typescript|rust|golang|java)"
    r"(?:\s+(?:code|file|source|function|side|part|module)s?)?(?=\W|$)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?P<name>[^\W\d_]\w*(?:/\d[\d.]*\b|\.[a-z]{2,3}\b)?)")
_LIKE_A_NAME = re.compile(r"[A-Z\d_/.]")
_BETWEEN_PARTS = re.compile(r"[_./]")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to search for.

    Args:
        stem: As indexed.
        weight: How much it says about what is asked: 1 for a plain word, less for words that fit any question.
        alternatives: Stems that may stand for it in code, each with a factor below 1.
        is_bonus: A whole name whose parts are terms as well: it raises what holds it, and is not missed.
    """

    stem: str
    weight: float
    alternatives: tuple[tuple[str, float], ...] = ()
    is_bonus: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for.

    Args:
        terms: What to search for.
        words: Its words as they were written, for showing.
        languages: The languages it names ("in C").
        names: The names it says (`HTTP/3`, `OpenAPI`, `Redis`), in lower case and without what stands between parts.
    """

    terms: tuple[Term, ...]
    words: tuple[str, ...]
    languages: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()


def parse_question(text: str) -> Question:
    """Find the words of a question that can be searched for; without any, terms and words are empty."""
    languages = frozenset(name for found in _LANGUAGE.finditer(text) for name in LANGUAGE_HINTS[found["name"].lower()])
    terms: dict[str, Term] = {}
    words: dict[str, None] = {}
    text = _LANGUAGE.sub(" ", text) if languages else text
    tokens = TOKEN.findall(text)
    lowered = [token.lower() for token in tokens]
    place = 0
    while place < len(tokens) and len(terms) < MAX_TERMS:
        length = _phrase_length(lowered, place)
        if length and _is_idiom(lowered[place : place + length]):
            term = _phrase_term(lowered[place : place + length])
            terms.setdefault(term.stem, term)
            words.setdefault(" ".join(lowered[place : place + length]))
            place += length
            continue
        found = _terms_of(tokens[place])
        if any(term.stem not in terms for term in found):
            words.setdefault(tokens[place] if len(found) > 1 else lowered[place])
        for term in found:
            terms.setdefault(term.stem, term)
        if length:
            term = _phrase_term(lowered[place : place + length], is_bonus=True)
            terms.setdefault(term.stem, term)
        place += 1
    for term in _joined_neighbours(lowered[:place]) if terms else ():
        terms.setdefault(term.stem, term)
    return Question(tuple(terms.values()), tuple(words), languages, _names_in(text))


def _names_in(text: str) -> tuple[str, ...]:
    """What is written like a name: with capitals where no sentence begins, with digits, or with a suffix."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        name = match["name"]
        begins_sentence = not text[: match.start()].rstrip() or text[: match.start()].rstrip()[-1] in ".?!:"
        if name.lower() not in STOP_WORDS and _LIKE_A_NAME.search(name[1:] if begins_sentence else name):
            found.setdefault(_BETWEEN_PARTS.sub("", name).lower())
    return tuple(found)


def _terms_of(token: str) -> list[Term]:
    parts = split_identifier(token)
    is_identifier = len(parts) > 1
    if not is_identifier and token.lower() in STOP_WORDS:
        return []
    wanted = [part for part in parts if len(part) > 1 or part.isnumeric() or is_identifier]
    found = [_term(stem(part.lower())) for part in wanted]
    return [*found, Term(joined(token), 1.0, is_bonus=True)] if is_identifier else found


def _term(root: str) -> Term:
    return Term(root, WEAK_WEIGHT if root in WEAK_STEMS else 1.0, alternatives_of(root))


def _phrase_length(lowered: Sequence[str], place: int) -> int:
    """How many words from there on are a known phrase; 0 where they are none."""
    known = phrases()
    lengths = range(min(_LONGEST_PHRASE, len(lowered) - place), 1, -1)
    return next((length for length in lengths if tuple(lowered[place : place + length]) in known), 0)


def _is_idiom(words: Sequence[str]) -> bool:
    """Whether a phrase says something that its words alone do not ("look up"): it stands for them then."""
    return words[0] in STOP_WORDS or words[-1] in STOP_WORDS


def _phrase_term(words: Sequence[str], *, is_bonus: bool = False) -> Term:
    first, *others = phrases()[tuple(words)]
    alternatives = dict.fromkeys(others, _PHRASE_FACTOR) | {
        other: factor for other, factor in alternatives_of(first) if other not in others
    }
    own = {stem(word): _PHRASE_FACTOR for word in words if word not in STOP_WORDS}
    chosen = {other: factor for other, factor in (alternatives | own).items() if other != first}
    return Term(first, _BONUS_WEIGHT if is_bonus else 1.0, tuple(chosen.items()), is_bonus)


def _joined_neighbours(lowered: Sequence[str]) -> list[Term]:
    """For words side by side the name that they would make: `content type` may be `contentType`, `content_type`."""
    found: list[Term] = []
    for one, other in pairwise(lowered):
        if one in STOP_WORDS or other in STOP_WORDS or min(len(one), len(other)) < 2 or not (one + other).isalpha():
            continue
        singular = other[:-1] if other.endswith("s") and len(other) > 3 else other
        name = one + singular
        forms = dict.fromkeys((one + other, stem(name)), 1.0)
        forms.pop(name, None)
        found.append(Term(name, _BONUS_WEIGHT, tuple(forms.items()), is_bonus=True))
    return found[:MAX_TERMS]
