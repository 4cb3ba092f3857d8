"""What part a file plays in a repository, by its path."""

from __future__ import annotations

import re

from robocoders.search.languages import language_of

__all__ = ["KIND_FACTORS", "kind_of"]

KIND_FACTORS = {
    "source": 1.0,
    "configuration": 0.35,
    "example": 0.35,
    "test": 0.3,
    "vendored": 0.3,
    "document": 0.2,
    "generated": 0.2,
    "translation": 0.1,
}
"""How much a match in a file of that kind counts: a question about code means the code."""

_TEST_DIRECTORIES = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "testdata", "fixtures", "e2e"})
_TEST_NAME = re.compile(r"^(?:test_.*|.*_test|.*[._-](?:test|spec)|conftest|.*Tests?)$")
_VENDORED = frozenset(
    {
        "vendor",
        "vendored",
        "_vendor",
        "_vendored",
        "third_party",
        "third-party",
        "thirdparty",
        "node_modules",
        "external",
    }
)
_EXAMPLES = frozenset({"example", "examples", "sample", "samples", "demo", "demos", "bench", "benchmarks"})
_TRANSLATIONS = frozenset({"locale", "locales", "i18n", "l10n", "translations", "lang", "langs"})
_CATALOGUES = (".po", ".pot", ".xlf", ".arb", ".strings")
_LANGUAGE_CODE = re.compile(r"^[a-z]{2}(?:[-_][A-Za-z]{2,4})?$")
_DOCUMENT_DIRECTORIES = frozenset({"doc", "docs", "documentation"})
_DOCUMENTS = frozenset({"Markdown", "reStructuredText", "Text"})
_CONFIGURATION = frozenset({"TOML", "YAML", "JSON", "INI", "XML", "Makefile", "Dockerfile"})
_GENERATED_NAME = re.compile(
    r"(?:\.min\.(?:js|css)|\.lock|-lock\.(?:json|ya?ml)|\.map|_pb2(?:_grpc)?\.pyi?|\.pb\.go|\.g\.dart|\.generated\.\w+|go\.sum)$"
)
_PROSE_HINTS = frozenset(
    {"changelog", "changes", "history", "news", "license", "licence", "copying", "authors", "notice"}
)


def kind_of(path: str) -> str:
    """The kind of a file, a key of `KIND_FACTORS`."""
    *directories, name = path.split("/")
    lowered = frozenset(directory.lower() for directory in directories)
    return _special_kind(directories, lowered, name) or _plain_kind(lowered, language_of(path))


def _special_kind(directories: list[str], lowered: frozenset[str], name: str) -> str | None:
    """The kind of a file that is not what its language makes it; the first that fits."""
    stem = name.partition(".")[0] if name.startswith("test") else name.rpartition(".")[0] or name
    is_document = language_of(name) in _DOCUMENTS
    fits = {
        "vendored": lowered & _VENDORED,
        "generated": _GENERATED_NAME.search(name) or stem.lower() in _PROSE_HINTS,
        "test": lowered & _TEST_DIRECTORIES or _TEST_NAME.match(stem),
        "translation": lowered & _TRANSLATIONS
        or name.endswith(_CATALOGUES)
        or (is_document and _has_language_code([*directories, *name.split(".")[1:-1]])),
        "example": lowered & _EXAMPLES,
    }
    return next((kind for kind, does_fit in fits.items() if does_fit), None)


def _plain_kind(lowered: frozenset[str], language: str | None) -> str:
    if language in _DOCUMENTS or lowered & _DOCUMENT_DIRECTORIES:
        return "document"
    return "configuration" if language in _CONFIGURATION or language is None else "source"


def _has_language_code(parts: list[str]) -> bool:
    """Whether a part of a document's path (`docs/ru`, `README.fr.md`) names a language other than English."""
    return any(_LANGUAGE_CODE.match(part) and not part.startswith("en") for part in parts)
