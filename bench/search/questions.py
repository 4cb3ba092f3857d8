"""The questions: which packages they are about, what is asked, which files are right."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["QUESTIONS_FILE", "Package", "Question", "Questions", "Reading", "load_questions"]

QUESTIONS_FILE = Path(__file__).with_name("questions.toml")

Reading = Literal["open", "final"]


@dataclass(frozen=True, slots=True)
class Package:
    """A package in one version.

    Args:
        name: By which its registry knows it.
        version: Exactly this one.
        sha256: Of its source distribution, in hexadecimal digits.
    """

    name: str
    version: str
    sha256: str

    @property
    def folder(self) -> str:
        """The name of the folder that the source distribution unpacks to."""
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one package.

    Args:
        id: Names it.
        package: The name of the package.
        text: What is asked, in words of somebody who does not know the code.
        files: The right files, relative to the package's root; none where the package does nothing of the kind.
        reading: Whether it is asked while the search is worked on, or kept for a last reading.
    """

    id: str
    package: str
    text: str
    files: tuple[str, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class Questions:
    """The packages, and all questions in their order."""

    packages: tuple[Package, ...]
    questions: tuple[Question, ...]

    def of(self, package: Package, reading: Reading) -> list[Question]:
        """The questions about a package that are asked in this reading."""
        return [one for one in self.questions if one.package == package.name and one.reading == reading]


def load_questions(path: Path = QUESTIONS_FILE) -> Questions:
    """Read the questions.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no TOML, or a reading has another name.
        KeyError: An entry lacks a field.
        TypeError: An entry has a field that is not known.
    """
    with path.open("rb") as file:
        entries = tomllib.load(file)
    packages = tuple(Package(**entry) for entry in entries["package"])
    return Questions(packages, tuple(_question(entry) for entry in entries["question"]))


def _question(entry: dict[str, Any]) -> Question:
    if entry["reading"] not in {"open", "final"}:
        raise ValueError(f"the reading of {entry['id']} is neither open nor final")
    fields = {name: value for name, value in entry.items() if name != "files"}
    return Question(files=tuple(entry["files"]), **fields)
