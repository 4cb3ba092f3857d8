from __future__ import annotations

import subprocess
import sys
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robocoders.search.analysis import MAX_LINES_OF_PACKED_FILE, analyse
from robocoders.search.outline import Outline
from robocoders.search.parsing import MAX_PARSED_BYTES, languages_with_grammar
from robocoders.search.symbols import find_calls, find_symbols, outline_of
from tests.search.sources import SOURCES

LANGUAGES = sorted(languages_with_grammar())
ENOUGH_SECONDS = 20
"""Far more processor's time than any text of the size that is parsed takes on a slow machine."""

BITS = [
    *[
        "def",
        "class",
        "fn",
        "impl",
        "func",
        "struct",
        "template",
        "namespace",
        "if",
        "else",
        "x",
        "1",
        "=>",
        "->",
        "::",
    ],
    *"(){}[]<>:;,=@#'`*&\"\t\n\r\f\0\u2028\ufeff\ud800é",
    *["/*", "*/", "//", "${", "\n    ", '"""', "\r\n"],
]
bits_of_code = st.lists(st.sampled_from(BITS), max_size=60).map(" ".join)


def check(outline: Outline, text: str) -> None:
    """What holds of every outline, whatever it was made of."""
    lines = text.count("\n") + 1
    assert all(1 <= one.lead_line <= one.first_line <= one.last_line <= lines for one in outline.symbols)
    assert all(one.parent is None or one.parent < index for index, one in enumerate(outline.symbols))
    assert all(one.name and "\n" not in one.name + one.doc for one in outline.symbols)
    assert all(1 <= call.line <= lines and call.name for call in outline.calls)


@settings(deadline=None)
@given(content=st.binary(max_size=300), language=st.sampled_from([*LANGUAGES, "Markdown", "Shell", "C#", "YAML"]))
def test_any_bytes_can_be_read(content: bytes, language: str) -> None:
    """Promise: README, search: odd content never breaks it."""
    text = content.decode("utf-8", "surrogateescape")
    check(outline_of(language, text), text)


@settings(deadline=None)
@given(text=bits_of_code, language=st.sampled_from(LANGUAGES))
def test_any_bits_of_code_can_be_read(text: str, language: str) -> None:
    """Promise: README, search: odd content never breaks it; code with errors in it is the usual state of code."""
    check(outline_of(language, text), text)


@settings(deadline=None)
@given(data=st.data(), language=st.sampled_from(sorted(SOURCES)))
def test_real_code_cut_anywhere_can_be_read(data: st.DataObject, language: str) -> None:
    """Promise: README, search: odd content never breaks it; a file may be read while it is written."""
    source = SOURCES[language]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(source))] * 2)))
    text = source[:start] + source[end:]
    check(outline_of(language, text), text)


@settings(deadline=None)
@given(text=st.text(max_size=200) | bits_of_code, suffix=st.sampled_from(["py", "ts", "h", "rb", "md", "bin"]))
def test_any_text_can_be_analysed(text: str, suffix: str) -> None:
    """Promise: README, search: odd content never breaks it."""
    analysis = analyse(f"a.{suffix}", text)
    assert all(piece.first_line <= piece.last_line for piece in analysis.pieces)


def noise(name: str, size: int) -> str:
    """A text of about `size` characters that parsers suffer from."""
    patterns = {
        "opened": "(",
        "opened and named": "a<",
        "closed": ")",
        "quotes": '"',
        "comments": "/*",
        "calls of calls": "(a)",
        "classes in classes": "class a{",
        "conditions": "a?b:",
        "branches": "if(a){}else ",
        "products": "a & b ",
        "zeros": "\0",
        "a minified line": "function a(b){return c(d,e[f])};",
    }
    if name == "bytes":
        return bytes(Random(1).choices(range(256), k=size)).decode("latin-1")
    if name == "indented ever more":
        return "\n".join(f"{' ' * depth}if x:" for depth in range(int((2 * size) ** 0.5)))
    return patterns[name] * (size // len(patterns[name]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name",
    [
        *["opened", "opened and named", "closed", "quotes", "calls of calls", "classes in classes", "comments"],
        *["bytes", "indented ever more", "products", "zeros", "a minified line", "conditions", "branches"],
    ],
)
def test_noise_takes_no_longer_than_a_moment(language: str, name: str) -> None:
    """Promise: README, search: minified files and generated megabytes never make it hang."""
    text = noise(name, MAX_PARSED_BYTES // 16)
    begin = process_time()
    check(outline_of(language, text), text)
    assert process_time() - begin < ENOUGH_SECONDS


@pytest.mark.parametrize(
    ("language", "name"),
    [("C", "opened"), ("Java", "opened and named"), ("Rust", "calls of calls"), ("C", "calls of calls")],
)
def test_nesting_without_end_takes_no_longer_than_a_moment(language: str, name: str) -> None:
    """Promise: README, search: generated megabytes never make it hang; these took minutes before they were bounded."""
    begin = process_time()
    find_calls(language, noise(name, 4 * MAX_PARSED_BYTES))
    assert process_time() - begin < ENOUGH_SECONDS


def test_of_a_huge_file_the_beginning_is_parsed() -> None:
    """Promise: ours; how much is parsed is bounded."""
    text = "def first():\n    pass\n" + "x = 1\n" * (MAX_PARSED_BYTES // 6) + "def last():\n    pass\n"
    assert [one.name for one in find_symbols("Python", text) if one.kind == "function"] == ["first"]
    one_line = "f();" * MAX_PARSED_BYTES
    assert len(find_calls("JavaScript", one_line)) == MAX_PARSED_BYTES // 4


def test_of_a_packed_file_the_beginning_is_analysed() -> None:
    """Promise: README, search: minified files never break it."""
    line = "function a(){b()};" * 2000
    analysis = analyse("a.js", f"{line}\n" * (2 * MAX_LINES_OF_PACKED_FILE))
    assert max(piece.last_line for piece in analysis.pieces) == MAX_LINES_OF_PACKED_FILE


def test_grammars_are_loaded_when_a_file_needs_them() -> None:
    """Promise: ARCHITECTURE, invariants: importing does no work; one language costs one grammar."""
    script = (
        "import sys; from robocoders.search import index, analysis\n"
        "def loaded(): return sorted({name.split('.')[0] for name in sys.modules if name.startswith('tree_sitter')})\n"
        "print(loaded()); analysis.analyse('a.py', 'x = 1'); print(loaded())"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines() == ["[]", "['tree_sitter', 'tree_sitter_python']"]
