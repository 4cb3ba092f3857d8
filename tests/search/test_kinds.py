from __future__ import annotations

import pytest

from robocoders.search.kinds import KIND_FACTORS, kind_of
from robocoders.search.languages import fence_name, language_of, suffix_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/robocoders/client/credentials.py", "source"),
        ("tests/client/test_credentials.py", "test"),
        ("pkg/server_test.go", "test"),
        ("src/app.spec.ts", "test"),
        ("src/FooTest.java", "test"),
        ("test_one.py", "test"),
        ("latest/contest.py", "source"),
        ("docs/guide.md", "document"),
        ("docs/conf.py", "document"),
        ("README.md", "document"),
        ("docs/ru/guide.md", "translation"),
        ("README.fr.md", "translation"),
        ("locale/de/x.json", "translation"),
        ("docs/en/guide.md", "document"),
        ("vendor/lib/a.go", "vendored"),
        ("third_party/tests/a.py", "vendored"),
        ("dist/app.min.js", "generated"),
        ("uv.lock", "generated"),
        ("CHANGELOG.md", "generated"),
        ("api_pb2.py", "generated"),
        ("examples/a.py", "example"),
        ("pyproject.toml", "configuration"),
        ("Makefile", "configuration"),
        ("data.unknown", "configuration"),
    ],
)
def test_a_path_tells_what_part_a_file_plays(path: str, kind: str) -> None:
    """Promise: README, search: sources come before tests, documents, translations and vendored files."""
    assert kind_of(path) == kind
    assert kind in KIND_FACTORS


@pytest.mark.parametrize(
    ("path", "language", "fence"),
    [
        ("a/b.py", "Python", "python"),
        ("A.TS", "TypeScript", "typescript"),
        ("x.cpp", "C++", "cpp"),
        ("Dockerfile", "Dockerfile", "dockerfile"),
        (".bashrc", None, ""),
        ("LICENSE", None, ""),
        ("notes.txt", "Text", ""),
    ],
)
def test_a_file_name_tells_the_language(path: str, language: str | None, fence: str) -> None:
    """Promise: README, search: languages are told by file name."""
    assert language_of(path) == language
    assert fence_name(path) == fence


def test_a_hidden_file_has_no_suffix() -> None:
    """Promise: ours; `.bashrc` is a name, no suffix."""
    assert [suffix_of(path) for path in (".bashrc", "a.b/c", "a.TAR.GZ")] == ["", "", "gz"]
