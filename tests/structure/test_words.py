from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.repository import relative, tracked_files

# The patterns are written so that they do not match their own source.
ANYWHERE = {
    "a path of one machine": r"(?<![\w.~>}-])/(?:work|root)(?:/|\b(?=[\"'`\s]))|/home/(?!user\b|\$)[a-z]|[.]pyenv",
    "a folder beside the project": r"[.][.]/[s]hared",
    "a paper beside the project": r"\b(?:[d]esign|[p]rotocol|[f]ield|[l]earn-from|[o]riginal-documentation)[.]md\b",
    "a numbered task": r"(?i)\b(?:[i]ssue|[t]ask|[t]icket) #?[0-9]",
    "a word of a workplace": r"(?i)\b(?:[h]elper session|[c]oworker|[t]he brief\b|[i]ssues show)",
    "a generator's signature": r"(?i)[c]o-authored-by|[g]enerated with|[a]s an ai\b|[c]laude code",
    "unfinished work": r"\b(?:[T]ODO|[F]IXME|[X]XX|[T]BD)\b",
}
OUTSIDE_THE_LOCK = {
    "a package registry's host": r"(?i)[p]ypi[.]org|[p]ythonhosted|[n]pmjs|[c]rates[.]io|[y]arnpkg[.]com",
}
IN_CODE = {"a shared temporary folder": r"(?<![\w.$}])/(?:[t]mp|var/[t]mp)(?:/|[\"'`\s])"}
CODE = {"", ".py", ".sh", ".js", ".cjs", ".mjs", ".toml"}


def _found(path: Path, patterns: dict[str, str]) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    return [
        f"{relative(path)}:{text.count(chr(10), 0, match.start()) + 1} {meaning}: {match[0]}"
        for meaning, pattern in patterns.items()
        for match in re.finditer(pattern, text)
    ]


def test_no_file_names_the_place_where_it_was_made() -> None:
    """Promise: CONTRIBUTING, words (the repository stands alone on any machine)."""
    assert [line for path in tracked_files() if path.name != "uv.lock" for line in _found(path, ANYWHERE)] == []


def test_package_registries_are_named_only_in_the_lock_file() -> None:
    """Promise: CONTRIBUTING, words (whoever has a mirror need not search for addresses)."""
    assert [line for path in tracked_files() if path.name != "uv.lock" for line in _found(path, OUTSIDE_THE_LOCK)] == []


def test_code_asks_for_its_temporary_folders() -> None:
    """Promise: SECURITY, files (a guessable name in a shared folder can be taken by others)."""
    assert [line for path in tracked_files() if path.suffix in CODE for line in _found(path, IN_CODE)] == []


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("see " + "/wo" + "rk/main", ANYWHERE),
        ("cd '" + "/ro" + "ot'", ANYWHERE),
        ("/ho" + "me/alice/x", ANYWHERE),
        (".." + "/shared/x", ANYWHERE),
        ("see the des" + "ign.md", ANYWHERE),
        ("as Iss" + "ue 12 says", ANYWHERE),
        ("# TO" + "DO: later", ANYWHERE),
        ("https://py" + "pi.org/simple", OUTSIDE_THE_LOCK),
        ("https://registry.np" + "mjs.org/axios", OUTSIDE_THE_LOCK),
        ('Path("/t' + 'mp/x")', IN_CODE),
    ],
)
def test_the_patterns_find_what_they_are_for(text: str, patterns: dict[str, str]) -> None:
    """Promise: CONTRIBUTING, words (a check that finds nothing must be able to)."""
    assert any(re.search(pattern, text) for pattern in patterns.values())


@pytest.mark.parametrize(
    "text", ["--workspace DIR", "/workspace", "https://host/work/x", "work/root", "/home/user", "a/tmp/b", "/roots"]
)
def test_the_patterns_leave_ordinary_paths_alone(text: str) -> None:
    """Promise: CONTRIBUTING, words (a check that cries for nothing is switched off)."""
    assert not any(re.search(pattern, text) for pattern in (*ANYWHERE.values(), *IN_CODE.values()))
