"""The description of a repository by the model `offline`: what its own files say, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from robocoders.agents.offline import texts as texts_of
from robocoders.agents.offline.recipes import Purpose, Recipe, needed_version, recipes
from robocoders.search.kinds import kind_of

__all__ = ["answer", "files_to_read"]

_READMES = ("readme.md", "readme.rst", "readme.txt", "readme", "readme.markdown")
_BUILD_FILES = (
    "Makefile", "justfile", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "package.json", "Cargo.toml",
    "go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "CMakeLists.txt", "meson.build", "Gemfile",
    "composer.json", "mix.exs", "GNUmakefile", "noxfile.py",
)  # fmt: skip
_MAX_FILES = 7
_INTEGRATION = re.compile(r"^(?:\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml)$")
_TELLING_INTEGRATION = re.compile(r"test|ci|check|build|main", re.IGNORECASE)
_MAX_INTEGRATION = 2
_PURPOSES: tuple[tuple[Purpose, str], ...] = (
    ("build", "build and install"),
    ("run", "run"),
    ("test", "test"),
    ("other", "also"),
)
_MAX_RECIPES = 8
_CROWDED = 0.4
"""A directory with at least this part of the files is shown with what is in it."""
_MAX_INTRODUCTION_LINES = 12
_LONGEST_README = 20_000
_DECORATION = re.compile(
    r"<!--.*?-->"
    r"|\[!\[[^\]]{0,300}\]\([^)]{0,600}\)\s*\]\([^)]{0,600}\)|!\[[^\]]{0,300}\]\([^)]{0,600}\)"
    r"|</?(?:h[1-6]|p|div|img|a|picture|source|br|span|center|b|strong|sub|sup|table|tr|td|th)\b[^<>]{0,1000}>",
    re.DOTALL | re.IGNORECASE,
)
"""Remarks, pictures and badges, and the tags around them, also over several lines."""
_ENTRY_POINT = re.compile(
    r"^(?:src/)?(?:[\w.-]+/)?(?:__main__|main|cli|app|manage|server|index|wsgi|asgi)"
    r"\.(?:py|js|ts|tsx|mjs|go|rs|rb|php|java|c|cpp)$"
    r"|^cmd/[\w.-]+/main\.go$|^src/bin/[\w.-]+\.rs$|^bin/[\w.-]+$"
)
_MAX_ENTRY_POINTS = 8
_MAX_SUBDIRECTORIES = 16


def files_to_read(listing: Mapping[str, Any]) -> list[str]:
    """The README and the build files in the root, the README first, then what the continuous integration runs.

    Args:
        listing: The data of the tool `list`, recursive.
    """
    names = [entry["path"] for entry in listing["entries"] if entry["kind"] == "file"]
    by_lower_name = {name.lower(): name for name in reversed(names)}
    readme = next((by_lower_name[name] for name in _READMES if name in by_lower_name), None)
    build_files = [name for name in _BUILD_FILES if name in names]
    integration = [path for path in listing.get("files", ()) if _INTEGRATION.match(path)]
    integration.sort(key=lambda path: (_TELLING_INTEGRATION.search(path.rpartition("/")[2]) is None, path))
    readmes = [readme] if readme is not None else []
    return readmes + build_files[: _MAX_FILES - len(readmes)] + integration[:_MAX_INTEGRATION]


def answer(listing: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> str:
    """The description, in Markdown.

    Args:
        listing: The data of the tool `list`, recursive.
        files: The data of the tool `read` for what `files_to_read` named, those that could be read.
    """
    texts = {file["path"]: file["text"] for file in files if "text" in file}
    readme = next((path for path in texts if path.lower() in _READMES), None)
    said = [recipe for path, text in texts.items() for recipe in recipes(path, text)]
    parts = [f"This workspace holds {_count(listing['file_count'], 'file')} that I read."]
    if readme is not None and (introduction := _introduction(texts[readme])):
        parts.append(f"`{readme}` begins:\n\n{introduction}")
    parts += [
        text
        for text in (
            _languages(listing["language_bytes"]),
            _needs(texts),
            _layout(listing),
            _entry_points(listing["files"], said),
            _how_to(said),
        )
        if text
    ]
    parts.append("This is read off the files without a language model; nothing was run.")
    return "\n\n".join(parts)


def _introduction(text: str) -> str:
    """The first lines of a README that say something, quoted."""
    lines = [line.rstrip() for line in _DECORATION.sub("", text[:_LONGEST_README]).splitlines()]
    telling = [line for line in lines if not _is_decoration(line)]
    while telling and not telling[0]:
        telling.pop(0)
    telling = [line for place, line in enumerate(telling) if line or (place and telling[place - 1])]
    shown = telling[:_MAX_INTRODUCTION_LINES]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join(f"> {line}".rstrip() for line in shown)


def _is_decoration(line: str) -> bool:
    return bool(
        re.match(
            r"\s*(?:\[?!\[|<[^>]*>\s*$|</?(?:p|div|img|a|h1|picture|source)\b"
            r"|\.\. image|\|\s*$|\s+:[a-z-]+:\s|={3,}\s*$|-{3,}\s*$)",
            line,
        )
    )


def _languages(sizes: Mapping[str, int]) -> str:
    total = sum(sizes.values())
    shown = [(name, 100 * size / total) for name, size in sizes.items()][:6] if total else []
    return f"Languages: {', '.join(f'{name} {share:.0f} %' for name, share in shown if share >= 1)}." if shown else ""


def _needs(texts: Mapping[str, str]) -> str:
    said = [f"{version} (`{path}`)" for path, text in texts.items() if (version := needed_version(path, text))]
    return f"It needs {', '.join(said)}." if said else ""


def _layout(listing: Mapping[str, Any]) -> str:
    lines: list[str] = []
    files: Sequence[str] = listing["files"]
    for entry in listing["entries"]:
        if entry["kind"] == "directory":
            lines += _directory_lines(entry["path"], files)
    names = [f"`{entry['path']}`" for entry in listing["entries"] if entry["kind"] == "file"]
    if names:
        lines.append(f"- in the root: {', '.join(names[:20])}{' and more' if len(names) > 20 else ''}")
    return "Layout:\n\n" + "\n".join(lines) if lines else ""


def _directory_lines(path: str, files: Sequence[str]) -> list[str]:
    """A directory with its number of files; a crowded one with what is in it, from where its ways part."""
    inside = [file for file in files if file.startswith(f"{path}/")]
    if not inside:
        return []
    line = f"- `{path}/`: {_count(len(inside), 'file')}"
    if len(inside) < _CROWDED * len(files) or kind_of(f"{path}/any.py") != "source":
        return [line]
    below = _directories_in(path, inside)
    while len(below) == 1 and next(iter(below.values())) == len(inside):
        path = next(iter(below))
        below = _directories_in(path, inside)
    busiest = sorted(below, key=lambda name: (-below[name], name))[:_MAX_SUBDIRECTORIES]
    shown = [f"  - `{name}/`: {_count(below[name], 'file')}" for name in sorted(busiest)]
    return [line, *shown, *(["  - and more"] if len(below) > len(busiest) else [])]


def _directories_in(path: str, files: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in files:
        name, slash, _ = file[len(path) + 1 :].partition("/")
        if slash:
            found[f"{path}/{name}"] = found.get(f"{path}/{name}", 0) + 1
    return found


def _entry_points(files: Sequence[str], said: Sequence[Recipe]) -> str:
    commands = [f"the command {_code(recipe.command)} ({_code(recipe.target)})" for recipe in said if recipe.target]
    found = [path for path in files if _ENTRY_POINT.match(path)]
    named = [f"`{path}`" for path in found[:_MAX_ENTRY_POINTS]]
    parts = ([", ".join(commands[:_MAX_ENTRY_POINTS])] if commands else []) + (
        [f"files named like entry points: {', '.join(named)}{' and more' if len(found) > len(named) else ''}"]
        if named
        else []
    )
    return f"Entry points: {'; '.join(parts)}." if parts else ""


def _how_to(said: Sequence[Recipe]) -> str:
    """Each purpose with its commands and where they are written; a command that several files name, once."""
    lines: list[str] = []
    for purpose, title in _PURPOSES:
        sources: dict[str, list[str]] = {}
        for recipe in said:
            if recipe.purpose == purpose:
                paths = sources.setdefault(recipe.command, [])
                if recipe.path not in paths:
                    paths.append(recipe.path)
        shown = [
            f"{_code(command)} ({', '.join(_code(path) for path in paths)})"
            for command, paths in list(sources.items())[:_MAX_RECIPES]
        ]
        if shown:
            lines.append(f"- {title}: {', '.join(shown)}{' and more' if len(sources) > len(shown) else ''}")
    return "How to build, run and test it, as its own files say:\n\n" + "\n".join(lines) if lines else ""


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else f"`` {text} ``"


def _count(number: int, noun: str) -> str:
    return texts_of.count(number, noun)
