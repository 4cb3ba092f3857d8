from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

import robocoders
from tests.support.documents import anchors, blocks, links, pages
from tests.support.repository import PACKAGE, ROOT, relative


def read(name: str) -> str:
    """Return the text of a file by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "most_lines"), [("ARCHITECTURE.md", 150), ("AGENTS.md", 100), ("CLAUDE.md", 1)])
def test_a_page_for_developers_stays_short(name: str, most_lines: int) -> None:
    """Promise: AGENTS, documents (long ones are not read and silt up)."""
    assert read(name).count("\n") <= most_lines


def test_claude_is_pointed_to_the_page_for_all_agents() -> None:
    """Promise: AGENTS, documents (one page, not two that differ)."""
    assert "AGENTS.md" in read("CLAUDE.md")


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "AGENTS.md", "CONTRIBUTING.md"])
def test_every_path_that_a_map_names_exists(name: str) -> None:
    """Promise: ARCHITECTURE, first sentence."""
    named = re.findall(r"(?<![\w./-])((?:src|tests|docs|examples|scripts|[.]ci)/[\w./-]*[\w/])", read(name))
    placeholders = re.compile(r"(?:^|/)[A-Z]+(?:[./]|$)")
    missing = {path for path in named if not placeholders.search(path) and not (ROOT / path).exists()}
    assert missing == set()


def test_the_picture_of_the_layers_is_the_contract() -> None:
    """Promise: ARCHITECTURE, layers (import-linter holds what the picture shows)."""
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    picture = "\n".join(f"    {layer}" for layer in layers).replace("(", "").replace(")", "")
    assert picture in read("ARCHITECTURE.md")


def test_only_rooms_that_are_not_built_are_optional_layers() -> None:
    """Promise: ARCHITECTURE, layers (a room that is built cannot be lost without notice)."""
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    optional = re.findall(r"\((\w+)\)", " ".join(layers))
    built = [
        room for room in optional if (PACKAGE / room / "__init__.py").exists() or (PACKAGE / f"{room}.py").exists()
    ]
    assert built == []


def test_the_readme_has_two_commands_to_set_up() -> None:
    """Promise: README, start (a newcomer types one command and sees an agent answer)."""
    commands = [
        match[0]
        for block in blocks(read("README.md"))
        for line in block.text.splitlines()
        if (match := re.match(r"(?:\$ )?make [\w-]+", line.strip()))
    ]
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md"])
def test_nobody_takes_it_for_the_makers_own(name: str) -> None:
    """Promise: README (an independent reimplementation, not affiliated)."""
    text = " ".join(read(name).split())
    assert "independent reimplementation for compatibility, not affiliated with or endorsed by Robocoders AI" in text


@pytest.mark.parametrize("page", pages(), ids=relative)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Promise: CONTRIBUTING, documents (a link is part of the text)."""
    broken: list[str] = []
    for target in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        path = (page.parent / name).resolve() if name else page
        missing = not path.exists()
        if missing or (anchor and path.suffix == ".md" and anchor not in anchors(path.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


def test_every_environment_variable_is_documented() -> None:
    """Promise: docs/environment.md (it lists what is read)."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    documented = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    variable = re.compile(r"\bROBOCODERS_[A-Z][A-Z_]*[A-Z]\b")
    assert set(variable.findall(sources)) - set(variable.findall(documented)) == set()


def test_no_environment_variable_is_documented_that_nobody_reads() -> None:
    """Promise: docs/environment.md (it lists what is read, nothing else)."""
    places = [*PACKAGE.rglob("*.py"), *(ROOT / "tests" / "support").glob("*.py")]
    read_somewhere = "\n".join(path.read_text(encoding="utf-8") for path in places)
    documented = set(re.findall(r"^\| `(ROBOCODERS_[A-Z_]+)`", read("docs/environment.md"), flags=re.MULTILINE))
    assert {name for name in documented if name not in read_somewhere} == set()


def test_the_changelog_knows_the_version() -> None:
    """Promise: CHANGELOG (its newest part describes what is installed)."""
    assert re.search(rf"^## \[{re.escape(robocoders.__version__)}\]", read("CHANGELOG.md"), flags=re.MULTILINE)


def test_every_rule_that_is_switched_off_has_its_reason() -> None:
    """Promise: AGENTS, style (an exception without a reason is a defect)."""
    section = read("pyproject.toml").partition("[tool.ruff.lint]")[2].partition("[tool.ruff.lint.pydocstyle]")[0]
    rules = [line.strip() for line in section.splitlines() if re.match(r' +"[A-Z]+[0-9]*",', line)]
    assert rules
    assert [line for line in rules if "# " not in line] == []
