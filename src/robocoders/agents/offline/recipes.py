"""How a project is built, run and tested, as far as its build files say so."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["recipes"]

_MAX_NAMES = 12
_TARGET = re.compile(r"^([A-Za-z][\w.-]*)\s*:(?!=)", re.MULTILINE)
_CONVENTIONS = {
    "go.mod": "a Go module: `go build ./...`, `go test ./...`",
    "pom.xml": "a Maven project: `mvn package`, `mvn test`",
    "build.gradle": "a Gradle project: `gradle build`, `gradle test`",
    "build.gradle.kts": "a Gradle project: `gradle build`, `gradle test`",
    "CMakeLists.txt": "a CMake project: `cmake -B build`, `cmake --build build`",
    "Gemfile": "a Ruby bundle: `bundle install`",
    "composer.json": "a Composer package: `composer install`",
    "mix.exs": "a Mix project: `mix compile`, `mix test`",
    "setup.py": "a Python package: `pip install .`",
    "setup.cfg": "settings of a Python package",
    "tox.ini": "test environments: `tox`",
}
_CARGO = "a Cargo package: `cargo build`, `cargo test`"


def recipes(path: str, text: str) -> list[str]:
    """What a build file in the root says, one sentence each; nothing for files of other kinds.

    A build file that cannot be parsed says nothing.
    """
    name = path.rpartition("/")[2]
    try:
        match name:
            case "Makefile" | "justfile":
                tool = "make" if name == "Makefile" else "just"
                return _commands(name, tool, list(dict.fromkeys(_TARGET.findall(text))))
            case "package.json":
                return _commands(name, "npm run", list(_table(json.loads(text), "scripts")))
            case "pyproject.toml":
                return _pyproject(tomllib.loads(text))
            case "Cargo.toml":
                return [f"`{name}`: {_CARGO}" + (", `cargo run`" if "[[bin]]" in text else "")]
            case _:
                return [f"`{name}`: {_CONVENTIONS[name]}"] if name in _CONVENTIONS else []
    except ValueError:
        return []


def _commands(name: str, tool: str, names: list[str]) -> list[str]:
    shown = ", ".join(f"`{tool} {one}`" for one in names[:_MAX_NAMES])
    return [f"`{name}`: {shown}{' and more' if len(names) > _MAX_NAMES else ''}"] if names else []


def _pyproject(document: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    project = _table(document, "project")
    if project:
        requires = project.get("requires-python")
        found.append("`pyproject.toml`: a Python package" + (f" for Python {requires}" if requires else ""))
    scripts = _table(project, "scripts")
    if scripts:
        commands = ", ".join(f"`{name}` (`{target}`)" for name, target in list(scripts.items())[:_MAX_NAMES])
        found.append(f"`pyproject.toml` installs the commands {commands}")
    tools = _table(document, "tool")
    found += [
        f"`pyproject.toml` configures {tool}" for tool in ("pytest", "hatch", "poetry", "tox", "nox") if tool in tools
    ]
    return found


def _table(value: object, key: str) -> Mapping[str, Any]:
    inner = cast("Mapping[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else {}
