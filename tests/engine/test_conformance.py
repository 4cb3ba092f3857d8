from __future__ import annotations

from pathlib import Path

import pytest

from robocoders.store import Store
from robocoders.testing.asking_conformance import AskingConformance
from robocoders.testing.budget_conformance import BudgetConformance
from robocoders.testing.engine_conformance import EngineConformance
from tests.store.scenes import url_of


class EngineOnSqlite(EngineConformance, BudgetConformance, AskingConformance):
    """The rules on SQLite."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def open_store(self) -> Store:
        return await Store.open(url_of(self._directory / "robocoders.db"))

    def data_dir(self) -> Path:
        return self._directory


SUITES = (EngineConformance, BudgetConformance, AskingConformance)
RULES = [name for suite in SUITES for name in vars(suite) if name.startswith("test_")]


@pytest.mark.parametrize("rule", RULES)
async def test_an_engine_on_sqlite_keeps_every_rule(rule: str, tmp_path: Path) -> None:
    """Promise: ARCHITECTURE, engine: whatever the database is, an engine keeps the rules of `robocoders.testing`."""
    await getattr(EngineOnSqlite(tmp_path / "data"), rule)()


def test_there_are_rules_to_keep() -> None:
    """Promise: ours: the rules are found by their names, and none is written twice."""
    assert len(RULES) > 25
    assert len(set(RULES)) == len(RULES)
