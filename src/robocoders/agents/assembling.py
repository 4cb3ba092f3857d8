"""The library's agents: one for each profile and set of capabilities, used by many turns at once.

What differs from turn to turn (the model, the tools) is not part of the agent. Capabilities that make turns durable
register their steps with their library when an agent is made, under the agent's name, and complain where that is done
again; so whoever hands the same capabilities to each turn gets the same agent.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent
from pydantic_ai.capabilities import ResolveModelId
from pydantic_ai.exceptions import ModelRetry

from robocoders.agents.client_tools import ASKING_THE_CLIENT
from robocoders.agents.compaction import COMPACTION
from robocoders.agents.ending import ENDING_TOOLS, Ending
from robocoders.agents.profiles import PROFILES
from robocoders.agents.tool_context import ToolContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.models import Model, ModelResolutionContext

__all__ = ["TOOL_RETRIES", "TurnAgent", "agent_of"]

TurnAgent = Agent[ToolContext, str | Ending]

TOOL_RETRIES = 3
"""How often a model may mend a call that makes no sense, and an answer that is none."""

_MODEL_OF_THE_TURN = "robocoders:turn"
"""Stands for the model in the turn's context: a model itself cannot be part of a step's record, a name can."""

_KEPT_AGENTS = 32


def agent_of(profile_name: str, capabilities: Sequence[Any]) -> TurnAgent:
    """The agent of a profile with exactly these capabilities. Its runs take model and tools from their context.

    Args:
        profile_name: A name in `PROFILES`.
        capabilities: pydantic-ai's capabilities.
    """
    return _assembled(profile_name, _SameObjects(capabilities))


class _SameObjects(tuple[Any, ...]):
    """Equal to what holds the very same objects: capabilities say nothing about being equal."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameObjects) and [*map(id, self)] == [*map(id, other)]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self)))


@functools.lru_cache(_KEPT_AGENTS)
def _assembled(profile_name: str, capabilities: _SameObjects) -> TurnAgent:
    profile = PROFILES[profile_name]
    agent: TurnAgent = Agent(
        _MODEL_OF_THE_TURN,
        name=profile.name,
        instructions=profile.instructions(),
        deps_type=ToolContext,
        output_type=[str, *ENDING_TOOLS],
        retries=TOOL_RETRIES,
        capabilities=[*capabilities, ResolveModelId(_model_of_the_turn), COMPACTION, ASKING_THE_CLIENT],
    )
    agent.output_validator(_something_said)
    return agent


def _something_said(output: str | Ending) -> str | Ending:
    if isinstance(output, str) and not output.strip():
        raise ModelRetry("Your answer is empty. Answer in words, or call a tool.")
    return output


def _model_of_the_turn(context: ModelResolutionContext[ToolContext], _name: str) -> Model:
    return context.deps.model
