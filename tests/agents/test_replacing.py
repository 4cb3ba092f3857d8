from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.agents.bounding import cut_middle
from robocoders.agents.replacing import NotReplacedError, replace_exactly

TEXT = "def one():\n    return 1\n\n\ndef two():\n    return 1\n"


def test_what_is_there_once_is_replaced_and_the_change_is_shown() -> None:
    """Promise: README, agents: an edit is an exact replacement."""
    replaced = replace_exactly(TEXT, "def two():\n    return 1", "def two():\n    return 2")
    assert replaced.text == TEXT[:-2] + "2\n"
    assert replaced.lines == (5,)
    assert replaced.difference.splitlines()[-2:] == ["-    return 1", "+    return 2"]


def test_what_is_there_twice_names_the_lines() -> None:
    """Promise: README, agents: where a text is not unique, it says how often and where it is."""
    with pytest.raises(NotReplacedError) as caught:
        replace_exactly(TEXT, "return 1", "return 2")
    assert "is there 2 times, beginning in the lines 2, 6" in caught.value.text
    assert "Nothing was changed" in caught.value.text
    every = replace_exactly(TEXT, "return 1", "return 2", every=True)
    assert (every.text.count("return 2"), every.lines) == (2, (2, 6))
    with pytest.raises(NotReplacedError, match="and 5 more"):
        replace_exactly("x\n" * 15, "x", "y")


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (
            "def two():\n  return 1",
            "They differ in white space only (number, tab, line):\n5\tdef two():\n6\t    return 1",
        ),
        ("def two():\n    return 3", "The nearest lines (number, tab, line):\n5\tdef two():\n6\t    return 1"),
        ("def twoo():", "The nearest lines (number, tab, line):\n5\tdef two():"),
        ("import zebra", "No lines of it come near"),
        ("", "`old` is empty"),
        ("new", "the same"),
    ],
)
def test_what_is_not_there_is_answered_with_what_comes_near(old: str, said: str) -> None:
    """Promise: README, agents: where a text is not found, the nearest lines are shown."""
    with pytest.raises(NotReplacedError) as caught:
        replace_exactly(TEXT, old, "new")
    assert said in caught.value.text


def test_line_ends_of_a_file_are_kept() -> None:
    """Promise: ours; a model writes LF, and a file with CRLF keeps them."""
    replaced = replace_exactly("a\r\nb\r\nc\r\n", "a\nb", "a\nx\nb")
    assert replaced.text == "a\r\nx\r\nb\r\nc\r\n"


def test_an_empty_file_and_a_large_one_are_answered() -> None:
    """Promise: ours; whatever the file, an answer comes soon."""
    with pytest.raises(NotReplacedError, match="No lines"):
        replace_exactly("", "a", "b")
    large = "".join(f"line number {number} of a large file\n" for number in range(30_000))
    with pytest.raises(NotReplacedError, match="The nearest lines"):
        replace_exactly(large, "line number 777 of the large file\nline number 778 of the large file", "x")


@settings(deadline=None)
@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=8), st.text("ab \n", max_size=8), st.booleans())
def test_an_edit_replaces_or_says_why_not(text: str, old: str, new: str, every: bool) -> None:  # noqa: FBT001 - drawn
    """Promise: ours; what Python's own replacement gives, or a reason."""
    count = text.count(old) if old else 0
    if old == new or not count or (count > 1 and not every):
        with pytest.raises(NotReplacedError):
            replace_exactly(text, old, new, every=every)
    else:
        replaced = replace_exactly(text, old, new, every=every)
        assert (replaced.text, len(replaced.lines)) == (text.replace(old, new), count)


@given(st.text("ab\n", max_size=300), st.integers(0, 100))
def test_a_long_text_keeps_its_beginning_and_end(text: str, most: int) -> None:
    """Promise: README, agents: long output is bounded, and what was cut is said."""
    cut = cut_middle(text, most)
    if len(text) <= most:
        assert cut == text
        return
    head, said, tail = cut.partition("[... ")
    missing = int(said.split()[0]) if not tail else int(tail.split()[0])
    assert "left out here ...]" in cut
    assert text.startswith(head.rstrip("\n"))
    assert len(cut) <= most + 80
    assert missing >= len(text) - most
    assert text.endswith(cut.partition(" ...]\n")[2])
