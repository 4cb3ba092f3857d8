from __future__ import annotations

from statistics import median

import pytest

from tests.support.repository import functions, modules, relative

MEDIAN_LINES = 150
LONGEST_FILE_LINES = 500
LONGEST_FUNCTION_LINES = 60
EMPTY_NAMES = {"base_utils", "common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"}


def test_files_are_short() -> None:
    """Promise: AGENTS, sizes (a file holds one concept)."""
    lines = {relative(path): path.read_text(encoding="utf-8").count("\n") for path in modules().values()}
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE_LINES} == {}
    assert median(lines.values()) <= MEDIAN_LINES


def test_functions_are_short() -> None:
    """Promise: AGENTS, sizes (a function is read in one look)."""
    long: dict[str, int] = {}
    for path in modules().values():
        for name, function in functions(path):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > LONGEST_FUNCTION_LINES:
                long[f"{relative(path)}:{function.lineno} {name}"] = length
    assert long == {}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_is_named_for_its_concept(name: str) -> None:
    """Promise: AGENTS, names (a module called after nothing collects everything)."""
    words = {word for part in name.split(".") for word in (part, *part.strip("_").split("_"))}
    assert words.isdisjoint(EMPTY_NAMES)
