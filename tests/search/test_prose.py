from __future__ import annotations

from robocoders.search.prose import split_code


def test_comments_and_documentation_are_told_from_code() -> None:
    """Promise: ours; what does a thing comes before what talks about it."""
    lines = [
        "import os",
        "from a import (",
        "    b,",
        ")",
        "def f():",
        '    """One',
        "    two.",
        '    """',
        "    # three",
        "    x = 1  # four",
        "    '''five'''",
        '    r"""six"""',
        "    return x",
    ]
    code, prose = split_code(lines, "Python")
    assert code.split() == ["def", "f():", "x", "=", "1", "return", "x"]
    assert [word for word in ("One", "two", "three", "four", "five", "six") if word not in prose] == []
    assert "import" not in code + prose


def test_prose_files_are_taken_as_they_are() -> None:
    """Promise: ours; a document has nothing better than its text."""
    assert split_code(["# Heading", "import this"], "Markdown") == ("# Heading\nimport this", "")


def test_a_definition_for_the_preprocessor_is_code() -> None:
    """Promise: ours; `#define` is no comment, `#include` no answer."""
    assert split_code(["#include <a.h>", "#define LIMIT 3", "#[derive(Debug)]"], "C")[0] == (
        "#define LIMIT 3\n#[derive(Debug)]"
    )
