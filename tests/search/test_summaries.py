from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.search.summaries import MAX_SUMMARY_CHARACTERS, first_paragraph
from robocoders.search.symbols import find_symbols


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""Holds\n    things.\n\n    More.\n    """', "Holds things."),
        ("'''\n    Begins late.\n'''", "Begins late."),
        ('r"Raw."', "Raw."),
        ("# Counts\n# things.\n#\n# More.", "Counts things."),
        ("/**\n * Loads.\n * @param id which\n */", "Loads."),
        ("/* Runs it.\n   Twice. */", "Runs it. Twice."),
        ("/// Draws.\n/// Again.", "Draws. Again."),
        ("// ----------\n// Boxed.\n// ----------", "Boxed."),
        ('"""Takes one.\n    Args:\n        one: It.\n    """', "Takes one."),
        ("#", ""),
        ("", ""),
    ],
)
def test_the_first_paragraph_is_what_a_person_would_quote(text: str, said: str) -> None:
    """Promise: README, search: what is said about a definition is known, without the marks of a comment."""
    assert first_paragraph(text) == said


@given(text=st.text())
def test_what_is_quoted_is_one_short_line(text: str) -> None:
    """Promise: ours; a comment may hold anything."""
    said = first_paragraph(text)
    assert "\n" not in said
    assert len(said) <= MAX_SUMMARY_CHARACTERS


def test_languages_without_a_grammar_have_comments_too() -> None:
    """Promise: README, search: what is said about a definition is known."""
    (symbol,) = find_symbols("Ruby", "# Purrs.\ndef meow\nend\n")
    assert (symbol.kind, symbol.lead_line, symbol.first_line, symbol.doc) == ("function", 1, 2, "Purrs.")
