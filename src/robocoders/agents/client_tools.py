"""Tools of the client: offered to the model beside the agent's own, run by whoever sent the prompt.

They are the model library's external tools, whose calls the library hands out when all others of an answer are done;
what hands them back in is a step of the turn, so that the run of the agent goes on where it was, however long the
client takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_ai.capabilities import HandleDeferredToolCalls
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import (
    DeferredToolRequests,
    DeferredToolResults,
    RunContext,
    ToolDefinition,
)
from pydantic_ai.toolsets import ExternalToolset

from robocoders.agents.steps import ClientCall
from robocoders.agents.tool_context import ToolContext
from robocoders.wire.wishes import AUTO, NONE, REQUIRED, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_ai.toolsets import ToolsetTool

__all__ = ["ASKING_THE_CLIENT", "client_toolset", "tool_choice"]

_RETRIES = 3
"""How often a model may mend arguments that are no JSON."""


class _ClientToolset(ExternalToolset[ToolContext]):
    async def get_tools(self, ctx: RunContext[ToolContext]) -> dict[str, ToolsetTool[ToolContext]]:
        return {name: replace(tool, max_retries=_RETRIES) for name, tool in (await super().get_tools(ctx)).items()}


def client_toolset(wishes: Wishes) -> ExternalToolset[ToolContext] | None:
    """The client's tools as the library takes them; None where none are to be offered."""
    if wishes.tool_choice == NONE or not wishes.tools:
        return None
    return _ClientToolset(
        [
            ToolDefinition(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=tool.parameters or {"type": "object", "properties": {}},
                strict=tool.strict,
            )
            for tool in wishes.tools
        ]
    )


def tool_choice(wishes: Wishes) -> Callable[[RunContext[ToolContext]], ModelSettings] | None:
    """What makes a turn's first answer call a tool of the client's, where that is wished; None where it is not."""
    if wishes.tool_choice in {AUTO, NONE} or not wishes.tools:
        return None
    every = [tool.name for tool in wishes.tools]
    wished = every if wishes.tool_choice == REQUIRED else [wishes.tool_choice]

    def settings(ctx: RunContext[ToolContext]) -> ModelSettings:
        return ModelSettings(tool_choice=wished) if ctx.run_step <= 1 else ModelSettings()

    return settings


async def _ask(ctx: RunContext[ToolContext], requests: DeferredToolRequests) -> DeferredToolResults:
    calls = [ClientCall(call.tool_name, call.args_as_json_str()) for call in requests.calls]
    results = await ctx.deps.steps.ask_client(calls, ctx.deps.usage())
    return requests.build_results(
        calls={call.tool_call_id: result for call, result in zip(requests.calls, results, strict=True)}
    )


ASKING_THE_CLIENT: HandleDeferredToolCalls[ToolContext] = HandleDeferredToolCalls(_ask)
"""Has them run by the client, as one step of the turn."""
