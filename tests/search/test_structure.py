from __future__ import annotations

import pytest

from robocoders.search.symbols import find_calls, find_symbols
from tests.search.sources import CALLS, DEFINITIONS, SOURCES

LANGUAGES = sorted(SOURCES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_defined_is_known_with_its_kind_its_lines_and_what_is_said_about_it(language: str) -> None:
    """Promise: README, search: symbols with their kind, the scope around them and what is said about them."""
    found = ""
    for symbol in find_symbols(language, SOURCES[language]):
        lead = f"{symbol.lead_line}/" if symbol.lead_line != symbol.first_line else ""
        last = f"-{symbol.last_line}" if symbol.last_line != symbol.first_line else ""
        doc = f", {symbol.doc}" if symbol.doc else ""
        found += f"{symbol.qualified}, {symbol.kind}, {lead}{symbol.first_line}{last}{doc}\n"
    assert found == DEFINITIONS[language].lstrip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_called_is_known_with_its_line(language: str) -> None:
    """Promise: README, search: who calls something can be asked."""
    assert " ".join(f"{call.name}:{call.line}" for call in find_calls(language, SOURCES[language])) == CALLS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_definition_lies_within_its_parent(language: str) -> None:
    """Promise: ours; what encloses a line is found by following the lines of symbols."""
    symbols = find_symbols(language, SOURCES[language])
    for index, symbol in enumerate(symbols):
        assert 1 <= symbol.lead_line <= symbol.first_line <= symbol.last_line
        if symbol.parent is not None:
            assert symbol.parent < index
            assert symbols[symbol.parent].last_line >= symbol.last_line
            assert symbol.qualified.startswith(symbols[symbol.parent].qualified)


def test_a_header_is_read_as_what_it_is() -> None:
    """Promise: README, search: symbols of C++; its headers are often named like those of C."""
    header = "namespace tea {\nclass Pot {\n public:\n  int fill() { return 1; }\n};\n}\n"
    assert [symbol.qualified for symbol in find_symbols("C", header)] == ["tea", "tea.Pot", "tea.Pot.fill"]


def test_broken_code_still_tells_what_is_whole() -> None:
    """Promise: README, search: odd content never breaks it."""
    text = "def good():\n    return 1\n\n\ndef (broken:\n    ]\n\n\nclass Also:\n    def fine(self): pass\n"
    assert {"good", "Also.fine"} <= {symbol.qualified for symbol in find_symbols("Python", text)}


def test_components_are_called_where_they_are_shown() -> None:
    """Promise: README, search: who calls something can be asked; an element of a page is no call."""
    assert [call.name for call in find_calls("TSX", "const Page = () => <main><Menu /><List>a</List></main>;\n")] == [
        "Menu",
        "List",
    ]
