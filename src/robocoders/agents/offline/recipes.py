"""How a project is built, run and tested, as far as its own files say so. Pure; what cannot be read says nothing."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from robocoders.agents.offline.written_commands import ci_commands, purpose_of_command, readme_commands

__all__ = ["Purpose", "Recipe", "needed_version", "recipes"]

Purpose = Literal["build", "run", "test", "other"]

_TARGET = re.compile(r"^([A-Za-z][\w.-]*)\s*:(?![=:])", re.MULTILINE)
_PURPOSES: tuple[tuple[Purpose, re.Pattern[str]], ...] = (
    ("test", re.compile(r"(?:^|[-_:])(?:tests?|check|verify|specs?|lint|coverage|ci|unit|e2e|typecheck)(?:$|[-_:\d])")),
    (
        "build",
        re.compile(
            r"(?:^|[-_:])(?:build|all|install|setup|compile|dist|deps|develop|bootstrap|prepare|package)(?:$|[-_:])"
        ),
    ),
    ("run", re.compile(r"(?:^|[-_:])(?:run|serve|server|start|dev|demo|up|watch|preview)(?:$|[-_:])")),
)
_CONSOLE_SCRIPT = re.compile(r"""["']\s*([\w.-]+)\s*=\s*([\w.]+:[\w.]+)\s*["']""")
_NEEDED = {
    "pyproject.toml": (
        "Python",
        re.compile(r"^requires-python\s*=\s*[\"'](?P<version>[^\"'`\n]{1,40})[\"']", re.MULTILINE),
    ),
    "package.json": ("Node", re.compile(r'"engines"\s*:\s*\{[^{}]*"node"\s*:\s*"(?P<version>[^"`\n]{1,40})"')),
    "Cargo.toml": ("Rust", re.compile(r'^rust-version\s*=\s*"(?P<version>[\w.]{1,40})"', re.MULTILINE)),
    "go.mod": ("Go", re.compile(r"^go (?P<version>\d[\w.]{0,20})$", re.MULTILINE)),
}
_CONVENTIONS: Mapping[str, tuple[tuple[Purpose, str], ...]] = {
    "go.mod": (("build", "go build ./..."), ("test", "go test ./...")),
    "pom.xml": (("build", "mvn package"), ("test", "mvn test")),
    "build.gradle": (("build", "gradle build"), ("test", "gradle test")),
    "build.gradle.kts": (("build", "gradle build"), ("test", "gradle test")),
    "CMakeLists.txt": (("build", "cmake -B build"), ("build", "cmake --build build")),
    "meson.build": (("build", "meson setup build"), ("test", "meson test -C build")),
    "Gemfile": (("build", "bundle install"),),
    "composer.json": (("build", "composer install"),),
    "mix.exs": (("build", "mix compile"), ("test", "mix test")),
    "tox.ini": (("test", "tox"),),
    "noxfile.py": (("test", "nox"),),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One thing that can be done with a project.

    Args:
        purpose: What for.
        command: What to type.
        path: The file that says so.
        target: What it runs, as `module:function`; empty where the file does not say.
    """

    purpose: Purpose
    command: str
    path: str
    target: str = ""


def recipes(path: str, text: str) -> list[Recipe]:
    """What a build file, a README or a file of a continuous integration says; nothing for files of other kinds.

    Args:
        path: From the root.
        text: The file's text. One that cannot be parsed says nothing.
    """
    name = path.rpartition("/")[2]
    read = _READERS.get(name) or _reader_by_kind(path, name)
    if read is None:
        return [Recipe(purpose, command, path) for purpose, command in _CONVENTIONS.get(name, ())]
    try:
        return [Recipe(purpose, command, path, target) for purpose, command, target in read(text)]
    except (ValueError, configparser.Error):
        return []


def needed_version(path: str, text: str) -> str:
    """What a build file says it needs, as `Python >=3.11`; empty where it says nothing."""
    language, pattern = _NEEDED.get(path, ("", None))
    match = pattern.search(text) if pattern is not None else None
    return f"{language} {match['version']}" if match is not None else ""


_Said = Iterable[tuple[Purpose, str, str]]


def _reader_by_kind(path: str, name: str) -> Callable[[str], _Said] | None:
    if name.lower().startswith("readme"):
        return lambda text: ((purpose_of_command(command), command, "") for command in readme_commands(text))
    if path.startswith((".github/", ".circleci/")) or name == ".gitlab-ci.yml":
        return lambda text: ((purpose_of_command(command), command, "") for command in ci_commands(text))
    return None


def _named(prefix: str, names: Iterable[str]) -> _Said:
    for name in dict.fromkeys(names):
        yield _purpose_of_target(name), prefix + name, ""


def _purpose_of_target(name: str) -> Purpose:
    for purpose, pattern in _PURPOSES:
        if pattern.search(name):
            return purpose
    return "other"


def _makefile(text: str) -> _Said:
    return _named("make ", _TARGET.findall(text))


def _justfile(text: str) -> _Said:
    return _named("just ", _TARGET.findall(text))


def _package_json(text: str) -> _Said:
    document = _table({"package": json.loads(text)}, "package")
    scripts = [name for name in _table(document, "scripts") if not name.startswith(("pre", "post"))]
    if document:
        yield "build", "npm install", ""
    for purpose, command, target in _named("npm run ", scripts):
        yield purpose, {"npm run test": "npm test", "npm run start": "npm start"}.get(command, command), target
    for name, file in _table(document, "bin").items():
        yield "run", name, str(file)


def _pyproject(text: str) -> _Said:
    document = tomllib.loads(text)
    project, tools = _table(document, "project"), _table(document, "tool")
    if project or "build-system" in document or "poetry" in tools:
        yield "build", "poetry install" if "poetry" in tools and not project else "pip install .", ""
    for table in (
        _table(project, "scripts"),
        _table(project, "gui-scripts"),
        _table(_table(tools, "poetry"), "scripts"),
    ):
        for name, target in table.items():
            yield "run", name, str(target)
    if "pytest" in tools:
        yield "test", "pytest", ""
    if "tox" in tools:
        yield "test", "tox", ""


def _setup_cfg(text: str) -> _Said:
    document = configparser.ConfigParser(interpolation=None, strict=False)
    document.read_string(text)
    if document.has_option("options.entry_points", "console_scripts"):
        for line in document.get("options.entry_points", "console_scripts").splitlines():
            name, equals, target = line.partition("=")
            if equals:
                yield "run", name.strip(), target.strip()
    if document.has_section("tool:pytest"):
        yield "test", "pytest", ""


def _setup_py(text: str) -> _Said:
    yield "build", "pip install .", ""
    for name, target in _CONSOLE_SCRIPT.findall(text):
        yield "run", name, target


def _cargo(text: str) -> _Said:
    document = tomllib.loads(text)
    yield "build", "cargo build", ""
    for table in cast("list[object]", bins) if isinstance(bins := document.get("bin"), list) else []:
        name = cast("Mapping[str, Any]", table).get("name") if isinstance(table, dict) else None
        yield "run", f"cargo run --bin {name}" if name else "cargo run", ""
    yield "test", "cargo test", ""


_READERS: Mapping[str, Callable[[str], _Said]] = {
    "Makefile": _makefile,
    "GNUmakefile": _makefile,
    "justfile": _justfile,
    "package.json": _package_json,
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "Cargo.toml": _cargo,
}


def _table(value: object, key: str) -> Mapping[str, Any]:
    inner = cast("Mapping[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else {}
