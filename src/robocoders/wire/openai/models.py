"""Models as the dialects name them: an agent, or an agent with the language model that it is to work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from robocoders.wire.protocol import AGENT_NAMES

__all__ = ["MOST_NAME_CHARACTERS", "ModelName", "model_list", "model_object", "read_model_name"]

MOST_NAME_CHARACTERS: Final = 256

_OWNER: Final = "robocoders"


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a model's name chooses.

    Attributes:
        agent: The agent.
        language_model: The language model's name, for instance `ollama:NAME`; None for the session's or the server's.
    """

    agent: str
    language_model: str | None = None


def read_model_name(name: str) -> ModelName | None:
    """Read `AGENT` or `AGENT/LANGUAGE_MODEL`; None where no agent is called so. Case and form are exact."""
    agent, slash, language_model = name.partition("/")
    if agent not in AGENT_NAMES or (slash and not language_model.strip()) or len(name) > MOST_NAME_CHARACTERS:
        return None
    return ModelName(agent, language_model if slash else None)


def model_object(name: str, created: int) -> dict[str, Any]:
    """A model as an object; `created` is in seconds since 1970."""
    return {"id": name, "object": "model", "created": created, "owned_by": _OWNER}


def model_list(created: int) -> dict[str, Any]:
    """All agents as a list of models."""
    return {"object": "list", "data": [model_object(name, created) for name in AGENT_NAMES]}
