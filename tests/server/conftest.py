"""Running servers, one a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import RunningService, running_service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """A server in `local` mode with a scripted agent."""
    with running_service(tmp_path / "data") as running:
        yield running


@pytest.fixture
def open_service(tmp_path: Path) -> Iterator[RunningService]:
    """A server in `open` mode with a scripted agent."""
    with running_service(tmp_path / "data", auth="open") as running:
        yield running


@pytest.fixture
def token(service: RunningService) -> str:
    """A token of the owner."""
    return service.token()
