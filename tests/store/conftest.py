"""A store of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robocoders.store import Store
from tests.store.scenes import Clock, url_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "robocoders.db"


@pytest.fixture
async def store(database: Path, clock: Clock) -> AsyncIterator[Store]:
    opened = await Store.open(url_of(database), now_us=clock)
    yield opened
    await opened.close()
