"""One turn of an agent: what goes in, what comes out, and how its events leave as they happen.

This module imports no model library; `run_turn` loads it, in a thread, when the first turn runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from robocoders.agents.steps import Emit, Live, SilentLive, StepResult, Steps
from robocoders.agents.worker_threads import in_worker_thread

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_ai.models import Model
    from pydantic_ai.tools import Tool

    from robocoders.agents.budget import Budget
    from robocoders.agents.sealing import Seal
    from robocoders.agents.tool_context import ToolContext
    from robocoders.agents.transcript import Transcript
    from robocoders.wire.wishes import Wishes
    from robocoders.workspace.files import Workspace

__all__ = [
    "DEFAULT_REQUEST_LIMIT",
    "DEFAULT_SEAL_REFUSAL",
    "Emit",
    "Exchange",
    "Live",
    "Outcome",
    "StepResult",
    "Steps",
    "TurnInput",
    "run_turn",
]

DEFAULT_REQUEST_LIMIT = 50
"""How many requests to the model one turn may make before it ends with `iteration_limit`."""

DEFAULT_SEAL_REFUSAL = "Commands and writes are not available here: nothing was run or written."
"""What is said without a seal by whoever gives no reason."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn of the session: what was asked and what was answered."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnInput:
    """What a turn needs.

    Args:
        agent: The name of a profile.
        prompt: What the user wrote.
        model: A model, or its name (`offline`, `openai:NAME`, ...).
        workspace: The directory the agent may read; None: the agent has no tools.
        index_dir: Where the search index is kept, in a file for each workspace; made when it is missing.
        history: Earlier turns, oldest first.
        request_limit: How many requests to the model this turn may make.
        steps: What carries out tool calls; None: they are done without any record.
        live: Where the text of the event to come goes.
        capabilities: What pydantic-ai's `Agent` is given as its capabilities.
        tools: Further tools, beside those that a workspace brings.
        seal: Where commands are run and files are written; None: both are refused.
        seal_refusal: What is said where there is no seal: why, and what mends it.
        messages: The model's messages of the session so far, as the `Outcome` of the turn before had them; they stand
            in the place of `history`. None: there are none.
        budget: What the turn may use up; asked before each request to the model. None: `request_limit` alone.
        wishes: What the prompt asks for beside its words: instructions, images, tools of the client's.
        transcript: Is told the messages while they come, so that they are not lost where the turn is stopped.
    """

    agent: str
    prompt: str
    model: Model | str
    workspace: Workspace | None
    index_dir: Path
    history: Sequence[Exchange] = ()
    request_limit: int = DEFAULT_REQUEST_LIMIT
    steps: Steps | None = None
    live: Live = field(default_factory=SilentLive)
    capabilities: Sequence[Any] = ()
    tools: Sequence[Tool[ToolContext]] = ()
    seal: Seal | None = None
    seal_refusal: str = DEFAULT_SEAL_REFUSAL
    messages: bytes | None = field(default=None, repr=False)
    budget: Budget | None = None
    transcript: Transcript | None = None
    wishes: Wishes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a turn ended; the closing message is made of it.

    Args:
        reason: One of `robocoders.wire.protocol.Reason`: `finished`, `question`, `iteration_limit`, `budget_limit`,
            `exhausted`, `needs_model` or `error`.
        text: The answer, or what went wrong.
        extras: What the closing message's `args.extras` holds besides the reason.
        usage: `requests`, `tool_calls`, `input_tokens`, `output_tokens`.
        cost_micro_usd: The cost in millionths of a US dollar, 0 where the price is not known.
        messages: All messages of the model, this turn's included, for the session's next turn: JSON of pydantic-ai's
            `ModelMessagesTypeAdapter`. None where the turn did not come to a model.
    """

    reason: str
    text: str
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    usage: dict[str, int] = field(default_factory=dict[str, int])
    cost_micro_usd: int = 0
    # Not compared: when a message was made is part of it.
    messages: bytes | None = field(default=None, repr=False, compare=False)


async def run_turn(turn: TurnInput, emit: Emit, *, tools: Sequence[Tool[ToolContext]] = ()) -> Outcome:
    """Run one turn to its end.

    Every action and observation goes out through `turn.steps` or `emit` as it happens; the closing message does not,
    it is the caller's to write from the outcome, whose text is what went to `turn.live` last. A model that cannot be
    had, a provider that refuses and a workspace that is gone are outcomes with reason `error`. What `emit` and the
    steps raise comes out unchanged, and so does a cancellation.

    With the same inputs it makes the same calls of the model, of `turn.steps` and of `emit`, in the same order.

    Args:
        turn: What it needs.
        emit: Where its events go.
        tools: Further tools, beside those of the turn itself.
    """
    # The first import takes up to a second, in which the event loop would serve nobody.
    await in_worker_thread(importlib.import_module, "robocoders.agents.loop")
    from robocoders.agents.loop import run_agent  # noqa: PLC0415 - loads the model library

    return await run_agent(replace(turn, tools=(*turn.tools, *tools)) if tools else turn, emit)
