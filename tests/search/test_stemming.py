from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.stemming import stem


@pytest.mark.parametrize(
    "forms",
    [
        "cache caches cached caching",
        "write written wrote writes writing writer",
        "parse parses parsed parsing parser",
        "retry retries retried retrying",
        "configure configured configuration",
        "validate validation validator validates",
        "authenticate authentication authenticated",
        "run running ran runs runner",
        "connect connection connected connecting",
        "index indices indexes",
        "control controlled",
        "stored stores store",
        "colour color coloured coloring",
        "serialise serialize serialised serializer serialization",
        "analyse analyze analysis analysed",
        "behaviour behavior",
        "exceed exceeds exceeded",
        "пароль пароли пароля",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    """Promise: README, search: a question finds a word in another form of it."""
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    ["header head", "server serve", "pass pas", "status statu", "user use", "class clas", "speed spe", "settings set"],
)
def test_words_that_only_look_alike_stay_apart(pair: str) -> None:
    """Promise: ours; a stem that joins strangers finds the wrong places."""
    one, other = pair.split()
    assert stem(one) != stem(other)


@pytest.mark.parametrize("word", ["id", "url", "sha256", "x", "да", "кот"])
def test_short_words_and_numbers_are_their_own_stem(word: str) -> None:
    """Promise: ours; names such as `id` are found as they are."""
    assert stem(word) == word


@given(st.text(alphabet=st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=20))
def test_a_stem_is_never_empty(word: str) -> None:
    """Promise: ours; no word vanishes from the index."""
    assert stem(word)
