from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.cli.markdown_tail import markdown_tail


@pytest.mark.parametrize(
    ("text", "most", "tail"),
    [
        ("One.\nTwo.\n", 100, "One.\nTwo.\n"),
        ("One.\nTwo.\n", 5, "Two.\n"),
        ("One.\nTwo.\n", 7, "Two.\n"),
        ("One long line", 4, "line"),
        ("```python\na = 1\nb = 2\n", 6, "```python\nb = 2\n"),
        ("```\na\n```\nAfter\n", 6, "After\n"),
        ("````\na\n```\nb\nc\n", 2, "````\nc\n"),
        ("~~~\na\n```\nb\n", 2, "~~~\nb\n"),
        ("```\na\n``` b\nc\n", 2, "```\nc\n"),
    ],
)
def test_the_end_of_a_text_begins_with_a_line_and_stays_code(text: str, most: int, tail: str) -> None:
    """Promise: docs/command.md, on a terminal: of a message that is taller than the screen, its end is shown."""
    assert markdown_tail(text, most) == tail


@given(st.text(alphabet="a \n`~-1.>|#"), st.integers(1, 50))
def test_the_end_of_a_text_is_its_end_and_is_short(text: str, most: int) -> None:
    """Promise: docs/command.md, on a terminal: what has come last is shown; however long a text, drawing is quick."""
    tail = markdown_tail(text, most)
    opening = 0 if text.endswith(tail) else tail.index("\n") + 1
    assert text.endswith(tail[opening:])
    assert len(tail) - opening <= most
