"""A stage of each test's own: a store, and engines over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robocoders.store import Store
from tests.engine.scenes import Stage
from tests.store.scenes import Clock, url_of


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = Clock()
    store = await Store.open(url_of(tmp_path / "data" / "robocoders.db"), now_us=clock)
    stage = Stage(store, clock, tmp_path / "data")
    yield stage
    await stage.leave()
    await store.close()
