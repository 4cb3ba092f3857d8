from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robocoders.store import Store
from robocoders.testing.store_asking_conformance import StoreAskingConformance
from robocoders.testing.store_conformance import StoreConformance
from tests.store.scenes import url_of


class SqliteStore(StoreConformance, StoreAskingConformance):
    """The rules on SQLite."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database

    async def open_store(self, now_us: Callable[[], int]) -> Store:
        return await Store.open(url_of(self._database), now_us=now_us)


SUITES = (StoreConformance, StoreAskingConformance)
RULES = [name for suite in SUITES for name in vars(suite) if name.startswith("test_")]


@pytest.mark.parametrize("rule", RULES)
async def test_sqlite_keeps_every_rule_of_a_store(rule: str, database: Path) -> None:
    """Promise: ARCHITECTURE, store: whatever the database is, it keeps the rules of `robocoders.testing`."""
    await getattr(SqliteStore(database), rule)()


def test_there_are_rules_to_keep() -> None:
    """Promise: ours: the rules are found by their names, and none is written twice."""
    assert len(RULES) > 30
    assert len(set(RULES)) == len(RULES)
