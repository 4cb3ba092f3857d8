"""A stand-in of the original server, and a provider class that talks to it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from robocoders import RobocodersAPI
from tests.providers.asking import provider_at
from tests.standin.server import StandIn


@pytest.fixture
def server() -> Generator[StandIn]:
    """The original: it announces nothing and marks no limits."""
    with StandIn() as standing:
        yield standing


@pytest.fixture
def provider(server: StandIn, tmp_path: Path) -> type[RobocodersAPI]:
    return provider_at(server.url, tmp_path / "cache")
