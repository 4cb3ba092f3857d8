"""The repository as the structure tests see it: its files, its modules, its tests."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "robocoders"

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file that git tracks and that exists."""
    # The owner of a checkout may be another user than the one who runs the tests in a container.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def relative(path: Path) -> str:
    """Return the path from the repository's root, as it is written in manifests and messages."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules() -> dict[str, Path]:
    """Return the modules of the package by their dotted names."""
    found: dict[str, Path] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def functions(path: Path) -> list[tuple[str, Function]]:
    """Return all functions of a module, nested ones too, with the names of what they are nested in."""
    found: list[tuple[str, Function]] = []

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append((prefix + child.name, child))
                walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                walk(child, f"{prefix}{child.name}.")
            else:
                walk(child, prefix)

    walk(tree(path), "")
    return found


def modules_with_tests() -> list[Path]:
    """Return every module that pytest collects tests from."""
    return sorted((ROOT / "tests").rglob("test_*.py"))


def collected_from(path: Path) -> dict[str, Function | None]:
    """Return the tests of a module by their node id; None stands for the test case of a state machine."""
    found: dict[str, Function | None] = {}
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            found[f"{relative(path)}::{node.name}"] = node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name.startswith("test"):
                    found[f"{relative(path)}::{node.name}::{method.name}"] = method
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "TestCase":
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found.update({f"{relative(path)}::{name}": None for name in names})
    return found
