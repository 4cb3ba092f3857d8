from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.repository import ROOT, collected_from, modules_with_tests, relative, tree

REPLACING = {"delattr", "setattr"}
CLOCKS = {"anyio", "asyncio", "time", "trio"}


def _problems(node: ast.AST) -> Iterator[str]:
    """Say what in this node replaces code or waits for the clock."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
        if any(name.split(".")[-1] == "mock" for name in names):
            yield "a mock"
        if {"sleep"} & names and CLOCKS & names:
            yield "a sleep"
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id == "monkeypatch" and node.attr in REPLACING:
            yield "replaced code"
        if node.value.id in CLOCKS and node.attr == "sleep":
            yield "a sleep"
    elif isinstance(node, ast.arg) and node.arg in {"mocker", "mock"}:
        yield "a mock"


def test_every_test_says_where_its_promise_comes_from() -> None:
    """Promise: CONTRIBUTING, tests (the docstring names the promise, the fact or the repaired defect)."""
    silent = [
        node_id
        for module in modules_with_tests()
        for node_id, function in collected_from(module).items()
        if function is not None and not (ast.get_docstring(function) or "").strip()
    ]
    assert silent == []


def test_every_test_is_named_by_a_sentence() -> None:
    """Promise: CONTRIBUTING, tests (a name says what one can see)."""
    words = 3
    short = [
        node_id
        for module in modules_with_tests()
        for node_id, function in collected_from(module).items()
        if function is not None and len(function.name.split("_")) <= words
    ]
    assert short == []


def test_nothing_is_mocked_and_nobody_sleeps() -> None:
    """Promise: CONTRIBUTING, tests (real servers on loopback; waits end on events)."""
    found = [
        f"{relative(path)}:{getattr(node, 'lineno', 0)} {problem}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(tree(path))
        for problem in _problems(node)
    ]
    assert found == []
