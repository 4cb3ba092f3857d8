from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from tests.support.repository import modules, relative, tree


def _imports_when_loaded(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when the module is loaded: not those in functions or for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for alternative in child.orelse:
                yield from _imports_when_loaded(alternative)
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports_when_loaded(child)


def _named(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return what the statement may load: for `from a import b`, both `a.b` and `a`."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    module = statement.module or ""
    return [f"{module}.{alias.name}" for alias in statement.names] + [module]


def _loaded_by(name: str, known: dict[str, object]) -> set[str]:
    """Return the modules of the package that loading this one loads."""
    found: set[str] = set()
    for statement in _imports_when_loaded(tree(modules()[name])):
        exact = [module for module in _named(statement) if module in known]
        below = [module for module in exact if module.count(".") == max(other.count(".") for other in exact)]
        found.update(below)
    return found - {name}


def test_no_modules_import_each_other_when_loaded() -> None:
    """Promise: ARCHITECTURE, layers (what is shared lies below both sides)."""
    known: dict[str, object] = dict(modules())
    graph = {name: _loaded_by(name, known) for name in known}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        loop: list[str] = error.args[1]
        message = f"modules import each other: {' <- '.join(loop)}"
        raise AssertionError(message) from None


def test_imports_name_their_module_in_full() -> None:
    """Promise: AGENTS, style (relative imports hide which layer is reached)."""
    relative_imports = [
        f"{relative(path)}:{node.lineno}"
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative_imports == []


def test_no_http_client_of_the_standard_library_is_used() -> None:
    """Promise: ARCHITECTURE, layers (proxies, certificates and retries are handled in one place)."""
    used = [
        f"{relative(path)}:{node.lineno}"
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom) and {"urllib.request", "http.client"} & set(_named(node))
    ]
    assert used == []
