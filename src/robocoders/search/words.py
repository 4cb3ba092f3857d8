"""From text to the words that are indexed: identifiers split into parts, each word reduced to its stem."""

from __future__ import annotations

import re
from itertools import groupby

from robocoders.search.stemming import stem

__all__ = ["TOKEN", "index_words", "joined", "split_identifier", "token_stems"]

TOKEN = re.compile(r"\w+")
MAX_TOKEN_CHARACTERS = 64
"""Longer runs are encoded data, not names."""
MOST_REMEMBERED = 200_000
"""How many tokens are remembered before all are forgotten."""

_ASCII_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def split_identifier(token: str) -> list[str]:
    """The parts of an identifier: `getHTTPResponse2_raw` gives get, HTTP, Response, 2, raw.

    Parts end at underscores, between letters and digits, and before an upper-case letter that begins a word. Joined,
    they are the token without its underscores.
    """
    if token.isascii():
        return _ASCII_PART.findall(token)
    return [part for run in token.split("_") for part in _split_unicode(run)]


def _split_unicode(run: str) -> list[str]:
    parts: list[str] = []
    for is_number, characters in groupby(run, key=str.isnumeric):
        text = "".join(characters)
        if is_number:
            parts.append(text)
            continue
        start = 0
        for place in range(1, len(text)):
            begins_word = text[place].isupper() and (
                text[place - 1].islower() or (place + 1 < len(text) and text[place + 1].islower())
            )
            if begins_word:
                parts.append(text[start:place])
                start = place
        parts.append(text[start:])
    return parts


def joined(token: str) -> str:
    """An identifier as one word, the same for `CredentialCache`, `credential_cache` and `credentialcache`."""
    return token.replace("_", "").lower()


def token_stems(token: str) -> tuple[str, ...]:
    """What a token is indexed as: the stems of its parts and, where it has several, the whole as one word."""
    if len(token) > MAX_TOKEN_CHARACTERS:
        return ()
    parts = split_identifier(token)
    stems = [stem(part.lower()) for part in parts]
    return (*stems, joined(token)) if len(parts) > 1 else tuple(stems)


def index_words(text: str) -> str:
    """The words of a text as they go into the index, separated by spaces."""
    if len(_indexed) > MOST_REMEMBERED:
        _indexed.clear()
    return " ".join(map(_indexed.__getitem__, TOKEN.findall(text)))


class _IndexedTokens(dict[str, str]):
    """What tokens are indexed as. Texts repeat their tokens: looking one up is the inner loop of indexing."""

    def __missing__(self, token: str) -> str:
        self[token] = words = " ".join(token_stems(token))
        return words


_indexed = _IndexedTokens()
