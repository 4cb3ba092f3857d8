"""A light stemmer for words in code and questions: what is asked in one form is found in another.

It is no Porter stemmer: it also joins agent nouns and their verbs (`parser`, `parsed`), because code names things after
what they do, and it knows the irregular verbs of programming (`written`, `built`, `sent`).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["stem"]

_IRREGULAR_FORMS = """
    written write wrote write writes write built build sent send found find kept keep made make ran run held hold
    lost lose thrown throw threw throw chosen choose chose choose done do does do did do got get gotten get gave give
    given give took take taken take began begin begun begin broke break broken break drawn draw drew draw hidden hide
    hid hide known know knew know left leave met meet seen see saw see shown show slept sleep spent spend split split
    stood stand told tell understood understand went go gone go bound bind caught catch fed feed stored store
    indices index indexes index matrices matrix vertices vertex children child schemata schema
    used use using use uses use user user users user being be was be were be is be are be been be has have had have
    dying die tied tie ties tie lies lie grey gray centre center catalogue catalog licence license artefact artifact
    freed free agreed agree cheapest cheap analysis analyze
    analyses analyze analyse analyze dialogue dialog programme program metre meter fibre fiber cheque check
"""
_FORMS = _IRREGULAR_FORMS.split()
_IRREGULAR: dict[str, str] = dict(zip(_FORMS[::2], _FORMS[1::2], strict=True))

_NO_AGENT_NOUNS = """
    header number order server filter folder counter pointer parameter character letter master cluster register docker
    layer power center matter after other under never buffer member integer trigger router answer whether together
    container browser computer timer border footer slider water paper silver remember consider encounter chapter
"""
_NO_AGENTS = frozenset(_NO_AGENT_NOUNS.split())
_WHOLE = frozenset({"settings"})
"""Words that mean something else than what they are made of."""
_VOWELS = frozenset("aeiouy")
_BRITISH_OUR = re.compile(r"(behavi|neighb|harb|endeav|col|lab|flav|fav|hon|hum|rum|vap|arm|od)our")
_CYRILLIC_ENDING = re.compile(
    r"(?:иями|ями|ами|ией|ость|ости|остью|ого|его|ому|ему|ыми|ими|ется|ются|ится|ает|яет|ают|яют|ать|ять|ить|еть|ешь|"
    r"ишь|ало|ала|али|ые|ие|ый|ий|ой|ая|яя|ое|ее|ую|юю|ах|ях|ам|ям|ом|ем|ов|ев|ей|ия|ии|ию|ть|ся|а|я|о|е|ы|и|у|ю|ь|й)$"
)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a lower-case word; a word of up to three letters or with digits is its own."""
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha() or word in _WHOLE:
        return word
    if not word.isascii():
        shortened = _CYRILLIC_ENDING.sub("", word)
        return shortened if len(shortened) >= 3 else word
    if "our" in word:
        word = _BRITISH_OUR.sub(r"\1or", word)
    word = _without_plural(word)
    word = _IRREGULAR.get(word, word)
    word = _without_verb_ending(word)
    word = _without_noun_ending(word)
    # One spelling for `control`, `controlled`, `install`, `installed`, and for words with and without a mute e.
    word = word[:-1] if (word.endswith("e") and len(word) > 3) or (word.endswith("ll") and len(word) > 5) else word
    # One spelling for `normalise` and `normalize`, `analyse` and `analyze`.
    return f"{word[:-1]}z" if len(word) > 5 and word.endswith(("is", "ys")) else word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def _without_verb_ending(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        # In `speed` and `exceed` it is no ending.
        if root != word and len(root) >= 3 and not _VOWELS.isdisjoint(root) and not word.endswith("eed"):
            if root.endswith("at") and not root.endswith("eat") and len(root) >= 6:
                return f"{root}e"
            doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if doubled else root
    return word


def _without_noun_ending(word: str) -> str:
    for ending, least in (("ation", 4), ("ator", 4), ("ate", 4), ("ment", 5), ("ity", 5)):
        root = word.removesuffix(ending)
        if root != word and len(root) >= least:
            return root
    if word.endswith(("tion", "sion")) and len(word) > 6:
        return word[:-3]
    if word.endswith(("er", "or")) and len(word) >= 6 and word not in _NO_AGENTS:
        root = word[:-2]
        doubled = root[-1] == root[-2] and root[-1] not in "lsz"
        return root[:-1] if doubled else root
    return word
