from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.cli.markdown_blocks import split_finished


@pytest.mark.parametrize(
    ("finished", "rest"),
    [
        ("", "One paragraph that still grows"),
        ("One.\n\n", "Two"),
        ("One.\n\nTwo.\n\n", "# Three\n"),
        ("", "One.\n\n"),
        ("", "- one\n\n- two"),
        ("", "1. one\n\n2. two"),
        ("", "One.\n\n    indented"),
        ("", "> quoted\n\n> more"),
        ("- one\n- two\n\n", "After"),
        ("", "```python\na = 1\n\nb = 2"),
        ("```python\na = 1\n\nb = 2\n```\n\n", "After"),
        ("", "````\n```\n\nstill code\n\nmore"),
        ("", "~~~\n\n```\n\nstill code"),
        ("~~~\na\n~~~\n\n", "```\n\nb"),
        ("", "```\n\n``` still code\n\nmore"),
    ],
)
def test_only_finished_blocks_are_cut_off(finished: str, rest: str) -> None:
    """Promise: docs/command.md, on a terminal: what is printed for good is never drawn differently later."""
    assert split_finished(finished + rest) == (finished, rest)


@given(st.text(alphabet="a \n`~-1.>|#"))
def test_nothing_is_lost_by_the_cut(text: str) -> None:
    """Promise: docs/command.md, on a terminal: the whole answer is shown."""
    assert "".join(split_finished(text)) == text


@given(st.lists(st.text(alphabet="ab \n`-1.", max_size=5)))
def test_a_cut_once_made_holds_when_more_text_comes(pieces: list[str]) -> None:
    """Promise: docs/command.md, on a terminal: text streams in pieces of any size, and the cut only moves forward."""
    text, cut = "", ""
    for piece in pieces:
        text += piece
        earlier, (cut, _) = cut, split_finished(text)
        assert cut.startswith(earlier)
