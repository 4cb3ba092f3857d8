"""Servers and fronts for the client's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.fronts import Front
from tests.standin.server import StandIn


@pytest.fixture(params=["async", "blocking"])
def front(request: pytest.FixtureRequest) -> Front:
    return Front(str(request.param))


@pytest.fixture
def original() -> Iterator[StandIn]:
    """A server as the original was: it announces nothing."""
    with StandIn() as server:
        yield server


@pytest.fixture
def announcing() -> Iterator[StandIn]:
    """A server that announces idempotency and keeps to it."""
    with StandIn(announced=True) as server:
        yield server
