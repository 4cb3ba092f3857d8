from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.repository import ROOT, collected_from, modules_with_tests, relative

MANIFESTS = sorted((ROOT / "tests" / "behaviours").glob("*.toml"))
FIELDS = {"id", "promise", "source", "tests"}


@dataclass(frozen=True)
class Behaviour:
    """One promised behaviour: where the promise comes from and which tests hold it."""

    id: str
    promise: str
    source: str
    tests: tuple[str, ...]


def behaviours(manifest: Path) -> list[Behaviour]:
    """Read a manifest; its entries have exactly the four fields."""
    entries = tomllib.loads(manifest.read_text(encoding="utf-8"))["behaviour"]
    assert [entry for entry in entries if set(entry) != FIELDS] == []
    return [Behaviour(entry["id"], entry["promise"], entry["source"], tuple(entry["tests"])) for entry in entries]


def existing_tests() -> set[str]:
    """Return the node ids of all tests, without parameters."""
    return {node_id for module in modules_with_tests() for node_id in collected_from(module)}


def listed_tests() -> set[str]:
    """Return the node ids that some behaviour names."""
    return {test for manifest in MANIFESTS for behaviour in behaviours(manifest) for test in behaviour.tests}


def test_every_listed_test_exists() -> None:
    """Promise: CONTRIBUTING, behaviours (a promise without its test is none)."""
    assert sorted(listed_tests() - existing_tests()) == []


def test_every_test_holds_a_listed_behaviour() -> None:
    """Promise: CONTRIBUTING, behaviours (a test that holds no promise can be deleted)."""
    assert sorted(existing_tests() - listed_tests()) == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=relative)
def test_entries_are_whole(manifest: Path) -> None:
    """Promise: CONTRIBUTING, behaviours (each says what is promised, by whom, and what holds it)."""
    incomplete = [
        behaviour.id
        for behaviour in behaviours(manifest)
        if not (behaviour.promise.strip() and behaviour.source.strip() and behaviour.tests)
        or len(set(behaviour.tests)) != len(behaviour.tests)
    ]
    assert incomplete == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=relative)
def test_ids_belong_to_their_room_and_are_sorted(manifest: Path) -> None:
    """Promise: CONTRIBUTING, behaviours (an entry is found where one looks for it)."""
    ids = [behaviour.id for behaviour in behaviours(manifest)]
    shape = re.compile(re.escape(manifest.stem) + r"(\.[a-z0-9]+(-[a-z0-9]+)*){2,}")
    assert [name for name in ids if not shape.fullmatch(name)] == []
    assert ids == sorted(ids)


def test_ids_are_unique() -> None:
    """Promise: CONTRIBUTING, behaviours (an id can be cited)."""
    ids = Counter(behaviour.id for manifest in MANIFESTS for behaviour in behaviours(manifest))
    assert [name for name, times in ids.items() if times > 1] == []
