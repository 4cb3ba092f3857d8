"""The description of a repository by the model `offline`: what its own files say, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from robocoders.agents.offline.recipes import recipes

__all__ = ["answer", "files_to_read"]

_READMES = ("readme.md", "readme.rst", "readme.txt", "readme", "readme.markdown")
_BUILD_FILES = (
    "Makefile", "justfile", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "package.json", "Cargo.toml",
    "go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "CMakeLists.txt", "Gemfile", "composer.json", "mix.exs",
)  # fmt: skip
_MAX_FILES = 6
_MAX_INTRODUCTION_LINES = 12
_ENTRY_POINT = re.compile(
    r"^(?:src/)?(?:[\w.-]+/)?(?:__main__|main|cli|app|manage|server|index|wsgi|asgi)"
    r"\.(?:py|js|ts|tsx|mjs|go|rs|rb|php|java|c|cpp)$"
    r"|^cmd/[\w.-]+/main\.go$|^src/bin/[\w.-]+\.rs$|^bin/[\w.-]+$"
)
_MAX_ENTRY_POINTS = 8


def files_to_read(listing: Mapping[str, Any]) -> list[str]:
    """The README and the build files in the root, the README first.

    Args:
        listing: The data of the tool `list`, recursive.
    """
    names = [entry["path"] for entry in listing["entries"] if entry["kind"] == "file"]
    by_lower_name = {name.lower(): name for name in reversed(names)}
    readme = next((by_lower_name[name] for name in _READMES if name in by_lower_name), None)
    build_files = [name for name in _BUILD_FILES if name in names]
    return ([readme] if readme is not None else []) + build_files[: _MAX_FILES - 1]


def answer(listing: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> str:
    """The description, in Markdown.

    Args:
        listing: The data of the tool `list`, recursive.
        files: The data of the tool `read` for what `files_to_read` named, those that could be read.
    """
    texts = {file["path"]: file["text"] for file in files if "text" in file}
    readme = next((path for path in texts if path.lower() in _READMES), None)
    parts = [f"This workspace holds {_count(listing['file_count'], 'file')} that I read."]
    if readme is not None and (introduction := _introduction(texts[readme])):
        parts.append(f"`{readme}` begins:\n\n{introduction}")
    parts += [
        text
        for text in (
            _languages(listing["language_bytes"]),
            _layout(listing),
            _entry_points(listing["files"]),
            _recipes(texts),
        )
        if text
    ]
    parts.append("This is read off the files without a language model; nothing was run.")
    return "\n\n".join(parts)


def _introduction(text: str) -> str:
    """The first lines of a README that say something, quoted."""
    lines = [line.rstrip() for line in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).splitlines()]
    telling = [line for line in lines if not _is_decoration(line)]
    while telling and not telling[0]:
        telling.pop(0)
    shown = telling[:_MAX_INTRODUCTION_LINES]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join(f"> {line}".rstrip() for line in shown)


def _is_decoration(line: str) -> bool:
    return bool(
        re.match(
            r"\s*(?:\[?!\[|<[^>]*>\s*$|</?(?:p|div|img|a|h1|picture|source)\b|\.\. image|={3,}\s*$|-{3,}\s*$)", line
        )
    )


def _languages(sizes: Mapping[str, int]) -> str:
    total = sum(sizes.values())
    shown = [(name, 100 * size / total) for name, size in sizes.items()][:6] if total else []
    return f"Languages: {', '.join(f'{name} {share:.0f} %' for name, share in shown if share >= 1)}." if shown else ""


def _layout(listing: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for entry in listing["entries"]:
        if entry["kind"] == "directory":
            inside = sum(1 for path in listing["files"] if path.startswith(f"{entry['path']}/"))
            if inside:
                lines.append(f"- `{entry['path']}/`: {_count(inside, 'file')}")
    names = [f"`{entry['path']}`" for entry in listing["entries"] if entry["kind"] == "file"]
    if names:
        lines.append(f"- in the root: {', '.join(names[:20])}{' and more' if len(names) > 20 else ''}")
    return "Layout:\n\n" + "\n".join(lines) if lines else ""


def _entry_points(files: Sequence[str]) -> str:
    found = [path for path in files if _ENTRY_POINT.match(path)][:_MAX_ENTRY_POINTS]
    return f"Files named like entry points: {', '.join(f'`{path}`' for path in found)}." if found else ""


def _recipes(texts: Mapping[str, str]) -> str:
    lines = [f"- {line}" for path, text in texts.items() for line in recipes(path, text)]
    return "How to build, run and test it, as its files say:\n\n" + "\n".join(lines) if lines else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
