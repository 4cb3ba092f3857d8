"""The cases of an evaluation: small repositories with a planted defect, and the tests that the agent never sees."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal, cast, get_args

from robocoders.errors import ConfigurationError

__all__ = ["LANGUAGES", "Case", "Language", "case_folder", "read_case", "select", "shipped_cases"]

Language = Literal["python", "javascript", "shell"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One small repository with a defect.

    Args:
        id: Its name, of small letters, digits and dashes.
        language: What it is written in.
        title: What is wrong, as an issue's title would say it.
        prompt: What the agent is told.
        files: The repository: from paths to texts.
        program: The hidden tests: they call what was repaired and say what came of it, never what should have come.
        expected: From each hidden test to what it must say.
        digest: Changes with the case, so that results of an older one are not taken for its own.
    """

    id: str
    language: Language
    title: str
    prompt: str
    files: Mapping[str, str] = field(repr=False)
    program: str = field(repr=False)
    expected: Mapping[str, str] = field(repr=False)
    digest: str

    def write(self, root: Path) -> None:
        """Write the repository into an empty directory; programs that begin with `#!` may be run."""
        for path, text in self.files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(0o755 if text.startswith("#!") else 0o644)


def shipped_cases() -> list[Case]:
    """The cases that come with this package, by their ids."""
    files = sorted(case_folder().glob("*.toml"))
    return [read_case(file.stem, file.read_text(encoding="utf-8")) for file in files]


def case_folder() -> Path:
    """The directory with the hidden tests, which no agent may see."""
    return Path(str(resources.files("robocoders.evaluating"))) / "cases"


def read_case(name: str, text: str) -> Case:
    """A case of its TOML text.

    Raises:
        ConfigurationError: It is no case.
    """
    try:
        table = tomllib.loads(text)
        hidden: dict[str, str] = table["hidden"]
        language = table["language"]
        if language not in LANGUAGES:
            raise ConfigurationError(f"The case {name!r} is written in {language!r}.")
        return Case(
            id=name,
            language=language,
            title=table["title"],
            prompt=table["prompt"].strip(),
            files=cast("dict[str, str]", table["files"]),
            program=hidden["program"],
            expected=_expected(hidden["expected"]),
            digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        )
    except (tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"The case {name!r} cannot be read: {error}") from error


def select(cases: Sequence[Case], only: Iterable[str]) -> list[Case]:
    """Those of the cases that are named; all where none is.

    Raises:
        ConfigurationError: There is no such case.
    """
    wanted = list(only)
    known = {case.id for case in cases}
    if unknown := [name for name in wanted if name not in known]:
        raise ConfigurationError(f"No case is called {unknown[0]!r}. There are: {', '.join(sorted(known))}.")
    return [case for case in cases if not wanted or case.id in wanted]


def _expected(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line.strip()]
    return {name: said for name, _, said in (line.partition(" ") for line in lines)}
