"""The steps of a turn, which change or read something outside it, and the text of an event while it comes.

A turn that is run again from its beginning, after its server was killed, makes the same steps in the same order: what
was finished is handed back, not done again. Who keeps that record stands behind the protocols of this module; what
stands here works without any record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import msgspec

from robocoders.agents.bounding import MODEL_CHARACTERS, cut_middle
from robocoders.events import Action, CallToolAction, CallToolArgs, ErrorObservation, Event, Observation

__all__ = [
    "ClientCall",
    "DirectSteps",
    "Emit",
    "Live",
    "SilentLive",
    "StepResult",
    "Steps",
    "Work",
    "client_calls",
    "interrupted_result",
    "refused",
]

_NOBODY_OUTSIDE = "Error: There is no client here that could run this."

Emit = Callable[[Event], Awaitable[int]]
"""Commits an event and returns its id; an observation's `cause` is the id that `Emit` gave for its action."""


class Live(Protocol):
    """Takes the text of the event to come, piece by piece; it is committed in bundles, then shown."""

    async def write(self, text: str) -> None:
        """Add a piece. It may wait: text is not held without bound."""
        ...

    async def withdraw(self) -> None:
        """Take back everything that was written since the last event. Of no effect where there was nothing."""
        ...

    async def flush(self) -> None:
        """Return when all that was written is committed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What came of a step.

    Args:
        observation: The event that tells it. Its `cause` is filled in from the action's id.
        text: The same for a language model.
        data: The same as data, which JSON can express, for the model `offline`.
    """

    observation: Observation
    text: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])


Work = Callable[[int, Live], Awaitable[StepResult]]
"""Does a step: from the id of its action and where to write its output while it comes, to its result."""


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A call of a tool that the client runs.

    Args:
        name: The tool.
        arguments: A JSON text, as the model wrote it.
    """

    name: str
    arguments: str = field(repr=False)


class Steps(Protocol):
    """Carries out the steps of one turn, one after the other."""

    async def run(
        self, name: str, arguments: Mapping[str, Any], action: Action, work: Work, *, repeatable: bool = False
    ) -> StepResult:
        """Commit the action, do the work, commit what came of it, return that.

        After a crash a finished step returns what was committed. One that had begun is done again where it is
        `repeatable`, and otherwise ends with a result that says that it was interrupted.

        Args:
            name: The tool.
            arguments: What it is called with; together they are what the step is recognised by.
            action: The event that tells it.
            work: Does it. What it raises comes out unchanged, and the step stays begun.
            repeatable: It only reads.

        Raises:
            StoreError: It cannot be committed.
        """
        ...

    async def ask_client(self, calls: Sequence[ClientCall], usage: Mapping[str, int]) -> list[str]:
        """Ask the client to run tools of its own, and return the results, in the order of the calls.

        All calls are committed at once, and the turn waits, however long; after a crash it waits again, or gets what
        was answered.

        Args:
            calls: The calls that one answer of the model makes.
            usage: What the turn has used up so far, by the names of a turn's usage.

        Raises:
            StoreError: It cannot be committed.
        """
        ...

    async def note(self, name: str, look: Callable[[], Awaitable[bytes]]) -> bytes:
        """Look at something outside the turn that is no event of it, and return what was seen.

        After a crash it returns what was seen before it. What follows from it stays the same then.

        Args:
            name: What is looked at.
            look: Does it; it only reads.
        """
        ...


class SilentLive:
    """Shows nothing."""

    async def write(self, text: str) -> None:
        """Forget it."""

    async def withdraw(self) -> None:
        """There is nothing to withdraw."""

    async def flush(self) -> None:
        """There is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class DirectSteps:
    """Does steps without any record of them.

    Args:
        emit: Where their events go.
        live: Where their output goes while it comes.
    """

    emit: Emit
    live: Live = field(default_factory=SilentLive)

    async def run(
        self,
        name: str,  # noqa: ARG002 - nothing is recognised without a record
        arguments: Mapping[str, Any],  # noqa: ARG002 - the same
        action: Action,
        work: Work,
        *,
        repeatable: bool = False,  # noqa: ARG002 - nothing is repeated without a record
    ) -> StepResult:
        action_id = await self.emit(action)
        result = await work(action_id, self.live)
        caused = msgspec.structs.replace(result.observation, cause=action_id)
        await self.live.flush()
        await self.emit(caused)
        return replace(result, observation=caused)

    async def ask_client(self, calls: Sequence[ClientCall], usage: Mapping[str, int]) -> list[str]:
        names = [f"call_{place}" for place in range(len(calls))]
        for action in client_calls(calls, names, usage):
            await self.emit(action)
        return [_NOBODY_OUTSIDE] * len(calls)

    async def note(self, name: str, look: Callable[[], Awaitable[bytes]]) -> bytes:  # noqa: ARG002 - the same
        return await look()


def client_calls(calls: Sequence[ClientCall], names: Sequence[str], usage: Mapping[str, int]) -> list[CallToolAction]:
    """Return the events that ask a client, of which the last one says what was used up so far."""
    last = len(calls) - 1
    return [
        CallToolAction(
            message=f"Asks the client to run {call.name}",
            args=CallToolArgs(
                name=call.name,
                arguments=call.arguments,
                call_id=name,
                index=index,
                of=len(calls),
                usage=dict(usage) if index == last else {},
            ),
        )
        for index, (call, name) in enumerate(zip(calls, names, strict=True))
    ]


def refused(text: str) -> StepResult:
    """What a step comes to that was not done, because it cannot be or may not be.

    Args:
        text: Why, and what to do instead.
    """
    return StepResult(
        observation=ErrorObservation(message=text, content=text), text=f"Error: {text}", data={"error": text}
    )


def interrupted_result(output: str) -> StepResult:
    """What a step comes to that had begun when its server was killed, and may not be done again.

    Args:
        output: What it had written until then.
    """
    said = "Interrupted: the service was stopped while this ran. Whether it had an effect is not known; it is not "
    said += "done again by itself."
    output = cut_middle(output, MODEL_CHARACTERS)
    text = f"{said}\nIts output until then:\n{output}" if output else f"{said} It had written nothing until then."
    return StepResult(
        observation=ErrorObservation(message=said, content=text),
        text=f"Error: {text}",
        data={"error": said, "interrupted": True, "output": output},
    )
