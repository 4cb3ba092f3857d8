"""The steps of a durable turn: on record before they begin and when they are finished, so that none is done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from robocoders.agents.steps import ClientCall, StepResult, Work, client_calls, interrupted_result
from robocoders.engine.asking import Waiter
from robocoders.engine.call_ids import QuestionPlace, call_id
from robocoders.engine.hub import Hub
from robocoders.engine.live_writing import LiveWriter
from robocoders.engine.steps_in_flight import StepsInFlight
from robocoders.events import Action, Observation
from robocoders.store import BegunStep, Store, StoredEvent, TurnRow
from robocoders.wire.codec import decode_event, encode_event

__all__ = ["Checkpointed", "TurnSteps"]


class Checkpointed(Protocol):
    """Runs a step's function, or returns what it returned before the server was killed."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[bytes]], /) -> bytes:
        """Run the step of that name."""
        ...


class _Record(msgspec.Struct):
    """What is kept of a finished step."""

    text: str
    data: dict[str, Any]
    observation: str


class TurnSteps:
    """The steps of one turn; see `robocoders.agents.steps.Steps`.

    Args:
        store: Where the record is.
        hub: Whom to tell of the events.
        turn: The turn.
        live: Where a step's output goes while it comes.
        checkpointed: Runs a step in the turn's workflow.
        in_flight: Where steps that are being done are counted.
        waiter: Waits for answers from outside.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        turn: TurnRow,
        live: LiveWriter,
        *,
        checkpointed: Checkpointed,
        in_flight: StepsInFlight,
        waiter: Waiter,
    ) -> None:
        self._store = store
        self._hub = hub
        self._turn = turn
        self._live = live
        self._checkpointed = checkpointed
        self._in_flight = in_flight
        self._waiter = waiter
        self._number = 0

    async def run(
        self, name: str, arguments: Mapping[str, Any], action: Action, work: Work, *, repeatable: bool = False
    ) -> StepResult:
        """What `robocoders.agents.steps.Steps.run` promises."""
        # The same on every run of the turn: steps are made one after the other.
        self._number += 1
        number = self._number
        fingerprint = _fingerprint(name, arguments)

        async def step() -> bytes:
            async with self._in_flight.one():
                begun = await self._store.begin_step(
                    self._turn, number, fingerprint=fingerprint, action=action, repeatable=repeatable
                )
                self._hub.publish([begun.action])
                if begun.result is not None:
                    return begun.result
                result = await self._result(begun, work, repeatable=repeatable)
                return await self._finish(number, result, begun.action.id)

        return _result_of(await self._checkpointed(name, step))

    async def ask_client(self, calls: Sequence[ClientCall], usage: Mapping[str, int]) -> list[str]:
        """What `robocoders.agents.steps.Steps.ask_client` promises."""
        self._number += 1
        number = self._number
        names = [call_id(QuestionPlace(self._turn.id, number, index)) for index in range(len(calls))]
        fingerprint = _fingerprint("ask_client", {"calls": [[call.name, call.arguments] for call in calls]})

        async def step() -> bytes:
            # Not counted as being done: a server that stops does not wait for a client.
            await self._live.flush()
            begun = await self._store.begin_wait(
                self._turn, number, fingerprint=fingerprint, questions=client_calls(calls, names, usage)
            )
            self._live.event_came()
            self._hub.publish(begun.asked)
            begun = await self._waiter.answered(number, begun)
            return msgspec.json.encode([_answer(answer) for answer in begun.answers])

        return msgspec.json.decode(await self._checkpointed("ask_client", step), type=list[str])

    async def note(self, name: str, look: Callable[[], Awaitable[bytes]]) -> bytes:
        """What `robocoders.agents.steps.Steps.note` promises."""
        return await self._checkpointed(name, look)

    async def _result(self, begun: BegunStep, work: Work, *, repeatable: bool) -> StepResult:
        if begun.state == "unfinished":
            if not repeatable:
                return interrupted_result(begun.output)
            await self._live.withdraw()
        return await work(begun.action.id, self._live)

    async def _finish(self, number: int, result: StepResult, action_id: int) -> bytes:
        observation = msgspec.structs.replace(result.observation, cause=action_id)
        await self._live.flush()
        record = msgspec.json.encode(_Record(result.text, result.data, encode_event(observation).decode()))
        told = await self._store.finish_step(self._turn, number, observation, record)
        self._live.event_came()
        self._hub.publish([told])
        return record


def _answer(stored: StoredEvent | None) -> str:
    observation = None if stored is None else decode_event(stored.body)
    assert isinstance(observation, Observation), "all is answered, and each answer is an observation"
    return observation.content


def _fingerprint(name: str, arguments: Mapping[str, Any]) -> str:
    """What a step is recognised by: another call in its place must not be taken for it."""
    called = json.dumps([name, dict(arguments)], sort_keys=True, default=str)
    return hashlib.sha256(called.encode("utf-8", "surrogatepass")).hexdigest()


def _result_of(encoded: bytes) -> StepResult:
    record = msgspec.json.decode(encoded, type=_Record)
    observation = decode_event(record.observation.encode())
    assert isinstance(observation, Observation), "only steps are kept here, and each ends with an observation"
    return StepResult(observation=_as_made(observation), text=record.text, data=record.data)


def _as_made(observation: Observation) -> Observation:
    """The observation as an agent made it, without the line it was kept as."""
    return msgspec.structs.replace(observation, raw=b"")
