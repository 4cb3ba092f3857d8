"""Servers whose agents have an answer for every end, and users of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.openai.response_reading import Asking, ScriptedTurns
from tests.support.openai_chat import TalkingTurns
from tests.support.service import RunningService, running_service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """A server whose agent has an answer for every end."""
    with running_service(tmp_path / "data", turns=TalkingTurns()) as running:
        yield running


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Asking]:
    """The owner of a running server."""
    with running_service(tmp_path / "data", turns=ScriptedTurns()) as running:
        yield Asking(running, running.token())


@pytest.fixture
def bob(alice: Asking) -> Asking:
    """Another user of the same server."""
    return Asking(alice.service, alice.service.token("/auth?sub=bob"))
