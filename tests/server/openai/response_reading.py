"""Asking for responses over a socket, and reading their streams."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.agents.steps import ClientCall
from robocoders.events import MessageAction, MessageArgs
from tests.support.service import Answer, RunningService, Turns

Frame = dict[str, Any]

PATH = "/v1/responses"

POEM = "The sea is wide, the sea is deep, and over it the seagulls sweep."


class ScriptedTurns(Turns):
    """Further scripts: `recite` shows a poem's first half and holds; `tools`, `limit`, `ask`, `two` do as they say.

    `murmur` shows `C`, with which `Cancelled.` begins, and holds.
    """

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
        match turn.prompt:
            case "recite" | "murmur":
                self.seen.append(turn)
                text = POEM if turn.prompt == "recite" else "Cease."
                return await self._halve(turn, text, len(POEM) // 2 if text == POEM else 1)
            case "tools":
                assert turn.steps is not None
                usage = {"input_tokens": 10, "output_tokens": 2}
                calls = [ClientCall("weather", json.dumps({"at": place})) for place in ("sea", "land")]
                told = await turn.steps.ask_client(calls, usage)
                usage = {"input_tokens": 25, "output_tokens": 5}
                return Outcome(reason="finished", text=f"It is {' and '.join(told)}.", usage=usage)
            case "limit":
                return Outcome(reason="iteration_limit", text="I have used up my steps.")
            case "ask":
                return Outcome(reason="question", text="Which file?")
            case "two":
                await emit(MessageAction(message="First.", args=MessageArgs(content="First.")))
                return Outcome(reason="finished", text="Second.")
            case _:
                return await super().run(turn, emit)

    async def _halve(self, turn: TurnInput, text: str, first: int) -> Outcome:
        await turn.live.withdraw()
        await turn.live.write(text[:first])
        await turn.live.flush()
        await self._hold()
        await turn.live.write(text[first:])
        await turn.live.flush()
        return Outcome(reason="finished", text=text)


@dataclass(frozen=True)
class Asking:
    """Sends requests of one user to one server."""

    service: RunningService
    token: str

    def ask(self, said: Any, /, *, headers: dict[str, str] | None = None, **parameters: Any) -> Answer:
        body = {"model": "RepoAgent", "input": said, **parameters}
        return self.service.send("POST", PATH, token=self.token, body=body, headers=headers)

    def get(self, response_id: str, query: str = "") -> Answer:
        return self.service.send("GET", f"{PATH}/{response_id}{query}", token=self.token)

    def delete(self, response_id: str) -> Answer:
        return self.service.send("DELETE", f"{PATH}/{response_id}", token=self.token)

    def cancel(self, response_id: str) -> Answer:
        return self.service.send("POST", f"{PATH}/{response_id}/cancel", token=self.token)

    @contextmanager
    def streamed(self, said: Any, /, **parameters: Any) -> Generator[Generator[Frame]]:
        """Ask with `stream` and give the events as they come."""
        body = {"model": "RepoAgent", "input": said, "stream": True, **parameters}
        with self.service.stream("POST", PATH, token=self.token, body=body) as response:
            assert response.status == 200, response.read()
            yield events_of(response)

    @contextmanager
    def resumed(self, response_id: str, after: int | None = None) -> Generator[Generator[Frame]]:
        """Read a response's stream from a number on."""
        query = "" if after is None else f"&starting_after={after}"
        with self.service.stream("GET", f"{PATH}/{response_id}?stream=true{query}", token=self.token) as response:
            assert response.status == 200, response.read()
            yield events_of(response)


def events_of(lines: Iterable[bytes]) -> Generator[Frame]:
    """The events of a stream; that their name is their type is looked at by the way."""
    name = b""
    for line in lines:
        if line.startswith(b"event: "):
            name = line.removeprefix(b"event: ").strip()
        elif line.startswith(b"data: "):
            event: Frame = json.loads(line.removeprefix(b"data: "))
            assert event["type"].encode() == name
            yield event


def up_to(events: Iterable[Frame], kind: str) -> list[Frame]:
    """The events up to the first of a type, that one included."""
    found: list[Frame] = []
    for event in events:
        found.append(event)
        if event["type"] == f"response.{kind}":
            return found
    raise AssertionError(f"no {kind} came: {[event['type'] for event in found]}")


def numbers(events: Iterable[Frame]) -> list[int]:
    """Their `sequence_number`s."""
    return [event["sequence_number"] for event in events]


def text_of(response: Frame) -> str:
    """What an SDK calls `output_text`."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


def outputs(response: Frame, *texts: str) -> list[dict[str, Any]]:
    """What the client's tools returned, as items."""
    return [
        {"type": "function_call_output", "call_id": item["call_id"], "output": text}
        for item, text in zip(response["output"], texts, strict=True)
    ]
