"""These tests have a job of their own (`python -m tests.babble`); elsewhere they are off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.babble.environment import DIRECTORY, VARIABLE, server_python
from tests.support.no_skips import REQUIRE_ALL

_HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker of these tests is for."""
    config.addinivalue_line("markers", "babble: talks to a model server of other people's making, in a job of its own")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests out where the server is not installed; where nothing may be skipped, as another job's."""
    if DIRECTORY is not None and server_python(DIRECTORY).exists():
        return
    mine = [item for item in items if item.path.is_relative_to(_HERE)]
    if REQUIRE_ALL and DIRECTORY is None:
        items[:] = [item for item in items if item not in mine]
        config.hook.pytest_deselected(items=mine)
        return
    reason = f"needs a model server of other people's making: python -m tests.babble, or {VARIABLE}=DIRECTORY"
    for item in mine:
        item.add_marker(pytest.mark.skip(reason=reason))
