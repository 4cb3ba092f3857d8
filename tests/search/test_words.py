from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.words import MAX_TOKEN_CHARACTERS, index_words, joined, split_identifier, token_stems


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("getHTTPResponse2_raw", ["get", "HTTP", "Response", "2", "raw"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("CamelCase", ["Camel", "Case"]),
        ("SCREAMING_CASE", ["SCREAMING", "CASE"]),
        ("utf8decode", ["utf", "8", "decode"]),
        ("__init__", ["init"]),
        ("straßeUndHausNummer12", ["straße", "Und", "Haus", "Nummer", "12"]),
        ("файлИмя_2", ["файл", "Имя", "2"]),
        ("ЁЖИКРаз", ["ЁЖИК", "Раз"]),
        ("___", []),
    ],
)
def test_identifiers_are_split_where_people_read_a_border(token: str, parts: list[str]) -> None:
    """Promise: README, search: identifiers are split."""
    assert split_identifier(token) == parts


@given(st.from_regex(r"\w{1,30}", fullmatch=True))
def test_the_parts_of_an_identifier_are_the_whole(token: str) -> None:
    """Promise: ours; splitting loses no character but the underscores."""
    parts = split_identifier(token)
    assert "".join(parts) == token.replace("_", "")
    assert all(parts)


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=2, max_size=4))
def test_a_name_is_found_in_any_style(words: list[str]) -> None:
    """Promise: README, search: what is asked in one style is found in another."""
    snake, camel = "_".join(words), "".join(word.capitalize() for word in words)
    assert token_stems(snake)[-1] == token_stems(camel)[-1] == joined(camel)
    assert token_stems(snake) == token_stems(camel)


@given(st.text(max_size=80))
def test_any_text_becomes_words(text: str) -> None:
    """Promise: ours; no text can break the index."""
    assert all(word.isalnum() for word in index_words(text).replace("_", "").split())


def test_encoded_data_is_no_word() -> None:
    """Promise: ours; long runs of letters are data and would only fill the index."""
    assert index_words("a" * (MAX_TOKEN_CHARACTERS + 1)) == ""
