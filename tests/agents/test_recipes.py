from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robocoders.agents.offline.overview import answer, files_to_read
from robocoders.agents.offline.recipes import needed_version, recipes
from robocoders.agents.offline.written_commands import ci_commands, readme_commands

_SETUP_CFG = "[options.entry_points]\nconsole_scripts =\n    shop = shop.cli:main\n[tool:pytest]\naddopts = -q\n"
_WORKFLOW = """\
on: push
jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - run: pip install -e .
      - name: all of it
        run: |
          pytest -q
          echo done
      - run: pytest ${{ matrix.flags }}
"""


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("Makefile", "a: b\ntest:\nX := 1\n.PHONY: a\n", ["other make a", "test make test"]),
        ("justfile", "unit-tests:\n", ["test just unit-tests"]),
        (
            "package.json",
            '{"scripts": {"test": "jest", "build:css": "x", "start": "y", "pretest": "z"}, "bin": {"shop": "cli.js"}}',
            ["build npm install", "test npm test", "build npm run build:css", "run npm start", "run shop cli.js"],
        ),
        ("package.json", '{"scripts": []}', ["build npm install"]),
        ("package.json", "[]", []),
        ("package.json", "{", []),
        ("Cargo.toml", "[package]\n", ["build cargo build", "test cargo test"]),
        (
            "Cargo.toml",
            "[[bin]]\nname = 'x'\n[[bin]]\n",
            ["build cargo build", "run cargo run --bin x", "run cargo run", "test cargo test"],
        ),
        ("go.mod", "module x\n", ["build go build ./...", "test go test ./..."]),
        ("pyproject.toml", "[project]\nname = 'x'\n", ["build pip install ."]),
        ("pyproject.toml", "[project.scripts]\nx = 'x:main'\n", ["build pip install .", "run x x:main"]),
        ("pyproject.toml", "[tool.poetry.scripts]\nx = 'x:main'\n", ["build poetry install", "run x x:main"]),
        ("pyproject.toml", "[tool.tox]\n", ["test tox"]),
        ("pyproject.toml", "not toml", []),
        ("setup.cfg", _SETUP_CFG, ["run shop shop.cli:main", "test pytest"]),
        ("setup.cfg", "no section", []),
        ("setup.py", 'setup(entry_points={"x": ["a = b.c:d"]})', ["build pip install .", "run a b.c:d"]),
        (".github/workflows/ci.yml", _WORKFLOW, ["build pip install -e .", "test pytest -q"]),
        ("README.md", "# x\n```sh\n$ make all  # everything\ncd x\n```\n", ["run make all"]),
        ("README.md", "# x", []),
        ("notes.md", "```sh\nmake\n```", []),
    ],
)
def test_a_build_file_says_how_to_build(path: str, text: str, said: list[str]) -> None:
    """Promise: README, offline: how to build, run and test, from its own files; what cannot be read says nothing."""
    found = [f"{recipe.purpose} {recipe.command} {recipe.target}".strip() for recipe in recipes(path, text)]
    assert found == said


_NAMES = ("Makefile", "package.json", "pyproject.toml", "setup.cfg", "setup.py", "Cargo.toml", "README.md")


@given(st.sampled_from(_NAMES), st.text(max_size=300))
def test_no_build_file_can_break_a_description(path: str, text: str) -> None:
    """Promise: ours; a workspace holds whatever it holds."""
    assert all(recipe.path == path and recipe.command for recipe in recipes(path, text))


@given(st.lists(st.sampled_from(["pytest -q", "rm -rf /", "x: y", "npm test"]), max_size=6))
def test_written_commands_are_of_known_tools_and_named_once(lines: list[str]) -> None:
    """Promise: ours; a description repeats commands as they are written, those that build, run or test."""
    wanted = list(dict.fromkeys(line for line in lines if line in {"pytest -q", "npm test"}))
    body = "".join(f"          {line}\n" for line in lines)
    assert ci_commands(f"      - run: |\n{body}") == wanted
    assert readme_commands("```console\n" + "".join(f"$ {line}\n" for line in lines) + "```\n") == wanted


def _listing(files: list[str], **more: Any) -> dict[str, Any]:
    names = dict.fromkeys(file.partition("/")[0] for file in files)
    entries = [{"path": name, "kind": "directory" if f"{name}/" in "".join(files) else "file"} for name in names]
    return {"entries": entries, "files": files, "file_count": len(files), "language_bytes": {}, **more}


def test_long_lists_of_targets_are_cut() -> None:
    """Promise: ours; an overview stays an overview."""
    listing = _listing([f"f{number}" for number in range(30)])
    makefile = {"path": "Makefile", "text": "".join(f"t{number}:\n" for number in range(30))}
    text = answer(listing, [makefile])
    assert "`make t7` (`Makefile`) and more" in text
    assert "`f19` and more" in text


def test_a_command_is_named_once_with_all_that_say_so() -> None:
    """Promise: ours; nobody wants to read the same command twice."""
    readme = {"path": "README.md", "text": "```sh\nmake test\n```"}
    text = answer(_listing(["Makefile"]), [readme, {"path": "Makefile", "text": "test:\nbuild:\n"}])
    assert "- test: `make test` (`README.md`, `Makefile`)" in text
    assert text.index("- build and install: ") < text.index("- test: ")


def test_a_crowded_directory_is_shown_from_where_its_ways_part() -> None:
    """Promise: README, offline: the layout; `src/` alone says nothing."""
    listing = _listing(["src/shop/a/x.py", "src/shop/a/y.py", "src/shop/b/z.py", "README.md"])
    text = answer(listing, [])
    assert "- `src/`: 3 files\n  - `src/shop/a/`: 2 files\n  - `src/shop/b/`: 1 file\n" in text


def test_entry_points_are_commands_and_files() -> None:
    """Promise: README, offline: entry points, from its own files."""
    pyproject = {"path": "pyproject.toml", "text": "[project.scripts]\nshop = 'shop:main'\n"}
    text = answer(_listing(["shop/__main__.py", "pyproject.toml"]), [pyproject])
    assert "Entry points: the command `shop` (`shop:main`); files named like entry points: `shop/__main__.py`." in text


def test_a_readme_of_decoration_alone_is_not_quoted() -> None:
    """Promise: ours; what a README begins with is said only where it says something."""
    listing = _listing([])
    assert "begins" not in answer(listing, [{"path": "README.md", "text": "![logo](x)\n\n"}])
    badges = '<p align="center">\n<img\n  src="x"\n/></p>\n\n[![a\nb](x)](y)\n\n# Shop\n\n\n\nSells.\n'
    assert "> # Shop\n>\n> Sells.\n" in answer(listing, [{"path": "README.md", "text": badges}])
    pictures = "Shop\n====\n\n.. image:: x.svg\n   :height: 64px\n\n|\n\nSells.\n"
    assert "> Shop\n>\n> Sells.\n" in answer(listing, [{"path": "README.rst", "text": pictures}])
    long = answer(listing, [{"path": "readme.rst", "text": "\n".join(["line"] * 11 + ["", "more"])}])
    assert long.count("> line") == 11


def test_a_readme_is_found_whatever_its_case() -> None:
    """Promise: README, offline: the README's first lines."""
    entries = [{"path": "ReadMe.md", "kind": "file"}, {"path": "Makefile", "kind": "directory"}]
    assert files_to_read({"entries": entries}) == ["ReadMe.md"]


def test_what_is_run_for_every_change_is_read() -> None:
    """Promise: README, offline: how to build and test, from its own files; those of a continuous integration say it."""
    files = [".github/workflows/stale.yml", ".github/workflows/tests.yml", ".github/x.yml", ".gitlab-ci.yml"]
    assert files_to_read(_listing(files)) == [".github/workflows/tests.yml", ".gitlab-ci.yml"]


@pytest.mark.parametrize(
    ("path", "text", "needed"),
    [
        ("pyproject.toml", "[project]\nrequires-python = '>=3.11'\n", "Python >=3.11"),
        ("package.json", '{"engines": {"npm": "1", "node": ">=20"}}', "Node >=20"),
        ("Cargo.toml", 'rust-version = "1.80"\n', "Rust 1.80"),
        ("go.mod", "module x\n\ngo 1.22\n", "Go 1.22"),
        ("go.mod", "module x\n", ""),
        ("README.md", "go 1.22\n", ""),
    ],
)
def test_a_build_file_says_what_it_needs(path: str, text: str, needed: str) -> None:
    """Promise: README, offline: how to build it, from its own files."""
    assert needed_version(path, text) == needed
