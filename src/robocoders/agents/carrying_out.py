"""A tool's call as a step of its turn: told, done, told again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ToolReturn

from robocoders.agents.event_table import EVENTS, Done
from robocoders.agents.steps import Live, StepResult, refused
from robocoders.agents.tool_context import ToolContext
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.errors import WorkspaceError

if TYPE_CHECKING:
    from pydantic_ai.tools import RunContext

__all__ = ["RefusedError", "carry_out", "carry_out_in_thread"]


class RefusedError(Exception):
    """A tool does not do what it was asked, or cannot.

    Args:
        text: Why, and what to do instead.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


async def carry_out(
    ctx: RunContext[ToolContext],
    arguments: Mapping[str, Any],
    thought: str,
    work: Callable[[int, Live], Awaitable[Done]],
    *,
    repeatable: bool = False,
) -> ToolReturn:
    """Do a tool's work as one step, told by the tool's row of the event table.

    A refusal (`RefusedError`, `WorkspaceError`) is a result, too, told as `error`, and the model goes on.

    Args:
        ctx: The turn.
        arguments: What the tool was called with; the step is recognised by it.
        thought: Why it was called.
        work: Does it.
        repeatable: It only reads.
    """
    assert ctx.tool_name is not None, "a tool is called by its name"
    row = EVENTS[ctx.tool_name]
    call = {**arguments, "thought": thought}

    async def step(action_id: int, live: Live) -> StepResult:
        try:
            done = await work(action_id, live)
        except RefusedError as error:
            return refused(error.text)
        except WorkspaceError as error:
            return refused(error.message)
        return StepResult(observation=row.observation(call, done), text=done.text, data=dict(done.data))

    result = await ctx.deps.steps.run(ctx.tool_name, arguments, row.action(call), step, repeatable=repeatable)
    return ToolReturn(result.text, metadata=result.data)


async def carry_out_in_thread(
    ctx: RunContext[ToolContext], arguments: Mapping[str, Any], thought: str, work: Callable[[Event], Done]
) -> ToolReturn:
    """Do work that only reads, and blocks, as one step, in a thread.

    A thread cannot be cancelled: long work looks at the event it is given, which is set when nobody waits any more.
    """
    given_up = Event()

    async def in_thread(_action_id: int, _live: Live) -> Done:
        try:
            return await in_worker_thread(work, given_up)
        except asyncio.CancelledError:
            given_up.set()
            raise

    return await carry_out(ctx, arguments, thought, in_thread, repeatable=True)
