"""The turn of an agent on the agent library: model, tools, events, ending."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RunUsage, UsageLimits

from robocoders.agents.assembling import TurnAgent, agent_of
from robocoders.agents.budget import Allowances, Budget, BudgetEnded
from robocoders.agents.client_tools import client_toolset, tool_choice
from robocoders.agents.ending import ENDING_NAMES, Ending, words_of
from robocoders.agents.fitting_model import FittingModel
from robocoders.agents.images import ImageModel, prompt_with
from robocoders.agents.model_errors import explain
from robocoders.agents.models import OFFLINE, resolve_model
from robocoders.agents.offline.model import REASON_KEY
from robocoders.agents.patient_model import patiently
from robocoders.agents.profiles import DEFAULT_PROFILE, PROFILES
from robocoders.agents.repetition import RepeatedFailureError, Repetition
from robocoders.agents.repository_notes import learn_repository
from robocoders.agents.running import Outcome
from robocoders.agents.speaking import SpeakingModel, said_by
from robocoders.agents.steps import DirectSteps
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.tools import toolset_for
from robocoders.agents.transcript import Transcript
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.errors import ConfigurationError, MissingRequirementsError
from robocoders.events import MessageAction, MessageArgs
from robocoders.wire.protocol import Reason
from robocoders.wire.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.toolsets import AbstractToolset

    from robocoders.agents.running import Exchange, TurnInput
    from robocoders.agents.steps import Emit

__all__ = ["run_agent"]

logger = logging.getLogger("robocoders.agents")


async def run_agent(turn: TurnInput, emit: Emit) -> Outcome:
    """What `robocoders.agents.running.run_turn` promises."""
    profile = PROFILES.get(turn.agent or DEFAULT_PROFILE)
    if profile is None:
        return Outcome(
            reason=Reason.ERROR, text=f"No agent is called {turn.agent!r}. There are: {', '.join(PROFILES)}."
        )
    try:
        # In a thread: a provider's library takes a second or more to import.
        model = await in_worker_thread(resolve_model, turn.model) if isinstance(turn.model, str) else turn.model
    except (ConfigurationError, MissingRequirementsError) as error:
        return Outcome(reason=Reason.ERROR, text=error.message)
    speaking = patiently(model, lambda answering: SpeakingModel(answering, turn.live))
    budget = turn.budget or Budget(Allowances(turn.request_limit))
    context = ToolContext(
        workspace=turn.workspace,
        index_dir=turn.index_dir,
        steps=turn.steps or DirectSteps(emit, turn.live),
        live=turn.live,
        model=FittingModel(speaking if model.model_name == OFFLINE else ImageModel(speaking)),
        seal=turn.seal,
        seal_refusal=turn.seal_refusal,
        usage=lambda: budget.usage,
    )
    return await _Run(turn, agent_of(profile.name, turn.capabilities), context, emit, budget).outcome()


class _Run:
    """One run of the library's agent and what was used up so far, also where it fails."""

    def __init__(self, turn: TurnInput, agent: TurnAgent, context: ToolContext, emit: Emit, budget: Budget) -> None:
        self._turn = turn
        self._wishes = turn.wishes or Wishes()
        self._agent = agent
        self._context = context
        self._emit = emit
        self._usage = RunUsage()
        self._budget = budget
        self._transcript = turn.transcript or Transcript()
        self._repetition = Repetition()

    async def outcome(self) -> Outcome:
        try:
            return self._ended(await self._to_the_end())
        except BudgetEnded as end:
            return self._ended(Ending(end.reason, end.text))
        except RepeatedFailureError as end:
            return self._ended(Ending(Reason.ERROR, end.text))
        except (AgentRunError, UserError) as error:
            model = self._context.model
            logger.warning("A turn of %s failed: %s", model.model_name, type(error).__name__)
            return self._ended(Ending(Reason.ERROR, explain(error, model)))

    async def _to_the_end(self) -> Ending:
        last: ModelResponse | None = None
        history = await self._history()
        async with (
            self._context.model,
            self._agent.iter(
                prompt_with(self._turn.prompt, self._wishes.images),
                deps=self._context,
                instructions=self._wishes.instructions or None,
                toolsets=self._toolsets(),
                model_settings=tool_choice(self._wishes),
                message_history=history,
                usage=self._usage,
                # The budget is what limits, on replay, too, and says why.
                usage_limits=UsageLimits(request_limit=None),
            ) as run,
        ):
            self._transcript.follow(run.all_messages)
            async for node in run:
                if Agent.is_model_request_node(node):
                    self._transcript.coming(node.request)
                    self._repetition.look(last, node.request)
                    await self._budget.before_request()
                elif Agent.is_call_tools_node(node):
                    last = node.model_response
                    await self._count(last)
                    await self._say_on_the_way(last)
            output = None if run.result is None else run.result.output
        if isinstance(output, Ending):
            return output
        text = "" if last is None else said_by(last)
        if last is None or not text:
            return Ending(Reason.ERROR, "The model said nothing that could be shown. Try again, or use another model.")
        return Ending((last.metadata or {}).get(REASON_KEY, Reason.FINISHED), text)

    def _toolsets(self) -> list[AbstractToolset[ToolContext]]:
        own, theirs = toolset_for(self._turn.workspace, self._turn.tools), client_toolset(self._wishes)
        return [own] if theirs is None else [own, theirs]

    async def _history(self) -> list[ModelMessage]:
        """Earlier messages; in a session's first turn what is to know about its repository stands before the prompt."""
        turn, is_offline = self._turn, self._context.model.model_name == OFFLINE
        messages = _earlier_messages(turn)
        if messages or turn.workspace is None or is_offline:
            return messages
        with_map = PROFILES[turn.agent or DEFAULT_PROFILE].maps_repository
        learnt = await learn_repository(turn.workspace, self._context.steps, with_map=with_map)
        return [ModelRequest(parts=[UserPromptPart(learnt)])] if learnt else []

    async def _count(self, response: ModelResponse) -> None:
        # The model `offline` has no price in any table: it costs nothing.
        is_free = self._context.model.model_name == OFFLINE
        await self._budget.after_response(response.usage, Decimal(0) if is_free else response.usage.cost)

    async def _say_on_the_way(self, response: ModelResponse) -> None:
        """What a model writes beside its tool calls is told before they are carried out."""
        text = said_by(response)
        if text and response.tool_calls and not _says_the_same(text, response.tool_calls):
            await self._emit(MessageAction(message=text, args=MessageArgs(content=text)))

    def _ended(self, ending: Ending) -> Outcome:
        return Outcome(
            reason=ending.reason,
            text=ending.text,
            usage={**self._budget.usage, "tool_calls": self._usage.tool_calls},
            cost_micro_usd=self._budget.cost_micro_usd,
            messages=self._transcript.settled(),
        )


def _says_the_same(text: str, calls: Sequence[ToolCallPart]) -> bool:
    """Whether the only call ends the turn with the very words that were said: these are its last event, then."""
    return len(calls) == 1 and calls[0].tool_name in ENDING_NAMES and text in words_of(calls[0])


def _earlier_messages(turn: TurnInput) -> list[ModelMessage]:
    if turn.messages is None:
        return _as_messages(turn.history)
    messages = ModelMessagesTypeAdapter.validate_json(turn.messages)
    for message in messages:
        if isinstance(message, ModelRequest):
            # Results as data serve the turn that they belong to, and may be long.
            message.parts = [
                replace(part, metadata=None) if isinstance(part, ToolReturnPart) else part for part in message.parts
            ]
    return messages


def _as_messages(history: Sequence[Exchange]) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    for exchange in history:
        messages.append(ModelRequest(parts=[UserPromptPart(exchange.prompt)]))
        messages.append(ModelResponse(parts=[TextPart(exchange.answer)]))
    return messages
