from __future__ import annotations

import subprocess
import sys

import pytest

from robocoders.agents import DEFAULT_PROFILE, PROFILES
from robocoders.wire.protocol import AGENT_NAMES, DEFAULT_AGENT


def test_the_agents_have_the_names_of_the_wire() -> None:
    """Protocol fact: the agents' names, GeneralCodingAgent being the default."""
    assert tuple(PROFILES) == AGENT_NAMES
    assert DEFAULT_PROFILE == DEFAULT_AGENT


@pytest.mark.parametrize("name", AGENT_NAMES)
def test_each_agent_is_told_what_it_cannot_do(name: str) -> None:
    """Promise: README, agents: commands and writes are not faked."""
    profile = PROFILES[name]
    assert "Never claim to have run or changed anything" in profile.instructions()
    assert profile.description.endswith(".")


def test_names_load_without_the_model_library() -> None:
    """Promise: ARCHITECTURE, imports: names and descriptions load fast."""
    code = (
        "import sys, robocoders.agents.running, robocoders.agents; print([m for m in sys.modules if 'pydantic' in m])"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.strip() == "[]"
