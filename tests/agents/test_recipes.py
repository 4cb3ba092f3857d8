from __future__ import annotations

from typing import Any

import pytest

from robocoders.agents.offline.overview import answer, files_to_read
from robocoders.agents.offline.recipes import recipes


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("Makefile", "a: b\nb:\nX := 1\n.PHONY: a\n", ["`Makefile`: `make a`, `make b`"]),
        ("justfile", "test:\n", ["`justfile`: `just test`"]),
        ("package.json", '{"scripts": {"test": "jest"}}', ["`package.json`: `npm run test`"]),
        ("package.json", '{"scripts": []}', []),
        ("package.json", "[]", []),
        ("package.json", "{", []),
        ("Cargo.toml", "[package]\n", ["`Cargo.toml`: a Cargo package: `cargo build`, `cargo test`"]),
        ("Cargo.toml", "[[bin]]\n", ["`Cargo.toml`: a Cargo package: `cargo build`, `cargo test`, `cargo run`"]),
        ("go.mod", "module x\n", ["`go.mod`: a Go module: `go build ./...`, `go test ./...`"]),
        ("pyproject.toml", "[project]\nname = 'x'\n", ["`pyproject.toml`: a Python package"]),
        ("pyproject.toml", "[tool.tox]\n", ["`pyproject.toml` configures tox"]),
        ("pyproject.toml", "not toml", []),
        ("README.md", "# x", []),
    ],
)
def test_a_build_file_says_how_to_build(path: str, text: str, said: list[str]) -> None:
    """Promise: README, offline: how to build, run and test, from its own files; what cannot be read says nothing."""
    assert recipes(path, text) == said


def test_long_lists_of_targets_are_cut() -> None:
    """Promise: ours; an overview stays an overview."""
    (line,) = recipes("Makefile", "".join(f"t{number}:\n" for number in range(30)))
    assert line.endswith("and more")
    entries = [{"path": f"f{number}", "kind": "file"} for number in range(30)]
    listing: dict[str, Any] = {
        "entries": entries,
        "files": [f"f{number}" for number in range(30)],
        "file_count": 30,
        "language_bytes": {},
    }
    assert "and more" in answer(listing, [])


def test_a_readme_of_decoration_alone_is_not_quoted() -> None:
    """Promise: ours; what a README begins with is said only where it says something."""
    listing: dict[str, Any] = {"entries": [], "files": [], "file_count": 1, "language_bytes": {}}
    assert "begins" not in answer(listing, [{"path": "README.md", "text": "![logo](x)\n\n"}])
    long = answer(listing, [{"path": "readme.rst", "text": "\n".join(["line"] * 11 + ["", "more"])}])
    assert long.count("> line") == 11


def test_a_readme_is_found_whatever_its_case() -> None:
    """Promise: README, offline: the README's first lines."""
    entries = [{"path": "ReadMe.md", "kind": "file"}, {"path": "Makefile", "kind": "directory"}]
    assert files_to_read({"entries": entries}) == ["ReadMe.md"]
