"""The questions: which packages they are about, what is asked and in which words, which files are right."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["WORDINGS", "Package", "Question", "Questions", "Reading", "Wording", "load_questions"]

Reading = Literal["open", "final"]

Wording = Literal["documented words", "other words"]

WORDINGS: tuple[Wording, ...] = ("documented words", "other words")

_FOLDER = Path(__file__).parent
_PACKAGES_FILE = _FOLDER / "questions.toml"
_FILES: dict[Wording, Path] = {
    "documented words": _FOLDER / "documented_questions.toml",
    "other words": _FOLDER / "questions.toml",
}


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
        text: What is asked, by somebody who does not know the code.
        files: The right files, relative to the package's root; none where the package does nothing of the kind.
        reading: Whether it is asked while the search is worked on, or kept for a last reading.
        wording: The set it belongs to: asked in the words of the package's user documentation, or paraphrased so that
            none of the code's own words occur.
    """

    id: str
    package: str
    text: str
    files: tuple[str, ...]
    reading: Reading
    wording: Wording


@dataclass(frozen=True, slots=True)
class Questions:
    """The packages, and the questions of both sets, each in its order."""

    packages: tuple[Package, ...]
    questions: tuple[Question, ...]

    def of(self, package: Package, reading: Reading) -> list[Question]:
        """The questions about a package that are asked in this reading."""
        return [one for one in self.questions if one.package == package.name and one.reading == reading]


def load_questions() -> Questions:
    """Read both sets of questions; the packages are pinned beside the one in other words.

    Raises:
        OSError: A file cannot be read.
        ValueError: One is no TOML, or a reading has another name.
        KeyError: An entry lacks a field.
        TypeError: An entry has a field that is not known.
    """
    packages = tuple(Package(**entry) for entry in _entries(_PACKAGES_FILE, "package"))
    asked = (_question(entry, wording) for wording in WORDINGS for entry in _entries(_FILES[wording], "question"))
    return Questions(packages, tuple(asked))


def _entries(path: Path, kind: str) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return tomllib.load(file)[kind]


def _question(entry: dict[str, Any], wording: Wording) -> Question:
    if entry["reading"] not in {"open", "final"}:
        raise ValueError(f"the reading of {entry['id']} is neither open nor final")
    fields = {name: value for name, value in entry.items() if name != "files"}
    return Question(files=tuple(entry["files"]), wording=wording, **fields)
