"""The agents as models, for scripts that speak of models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from robocoders.providers.base_provider import AsyncGeneratorProvider
from robocoders.providers.RobocodersAPI import RobocodersAPI
from robocoders.wire.protocol import AGENT_NAMES

__all__ = ["FRONT_END", "GENERAL", "MODELS", "REPO", "Model"]

_MAKER: Final = "Robocoders"


@dataclass(frozen=True, slots=True)
class Model:
    """One agent under the name that goes into the argument `model`.

    Attributes:
        name: The agent's name on the wire.
        base_provider: Who made the agent.
        best_provider: The provider class that reaches it; None where the caller has to choose one.
    """

    name: str
    base_provider: str = ""
    best_provider: type[AsyncGeneratorProvider] | None = None


GENERAL: Final = Model(AGENT_NAMES[0], _MAKER, RobocodersAPI)
"""The agent for everything; the default."""
REPO: Final = Model(AGENT_NAMES[1], _MAKER, RobocodersAPI)
"""The agent for a repository that exists already."""
FRONT_END: Final = Model(AGENT_NAMES[2], _MAKER, RobocodersAPI)
"""The agent for user interfaces in the browser."""

MODELS: Final = {model.name: model for model in (GENERAL, REPO, FRONT_END)}
"""All of them by name."""
