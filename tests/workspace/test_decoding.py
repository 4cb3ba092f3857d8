from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.workspace.decoding import decode, is_binary


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_with_a_unicode_mark_is_read_in_its_encoding(encoding: str) -> None:
    """Promise: ours; sources in UTF-16, as some editors write them, are text."""
    data = "naïve = 'да'\r\n".encode(encoding)
    assert not is_binary(data)
    assert decode(data) == "naïve = 'да'\n"


@given(st.binary(max_size=200))
def test_bytes_that_fit_no_encoding_are_replaced(data: bytes) -> None:
    """Promise: ours; other encodings are decoded with replacement, and what comes out can be sent."""
    decode(data).encode("utf-8")


def test_a_nul_makes_a_file_binary() -> None:
    """Promise: ours; binary files are skipped (the rule is git's)."""
    assert is_binary(b"\x7fELF\0\0")
    assert not is_binary("latin-1: é".encode("latin-1"))
