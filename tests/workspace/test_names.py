from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.workspace.names import quote_path, unquote_path


@given(st.binary(max_size=40))
def test_any_file_name_survives_quoting(name: bytes) -> None:
    """Promise: ours; a file whose name is odd can be listed and then read by what the listing says."""
    path = os.fsdecode(name)
    shown = quote_path(path)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert unquote_path(shown) == path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("src/main.py", "src/main.py"),
        ("straße/файл.py", "straße/файл.py"),
        ("a\nb", '"a\\nb"'),
        ("\udcff", '"\\377"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("a\\b", '"a\\\\b"'),
        (" padded ", '" padded "'),
        ("\u202egnp.exe", '"\\342\\200\\256gnp.exe"'),
        ("", '""'),
    ],
)
def test_only_odd_names_are_quoted(path: str, shown: str) -> None:
    """Promise: ours; names are written as git writes them, readable where that is harmless."""
    assert quote_path(path) == shown


@pytest.mark.parametrize("text", ["plain", '"', '"open', 'close"', ""])
def test_text_that_is_not_quoted_is_taken_as_it_is(text: str) -> None:
    """Promise: ours; a model may name a file without quoting it."""
    assert unquote_path(text) == text
