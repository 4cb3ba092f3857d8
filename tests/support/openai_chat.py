"""An agent with answers for every end, and readers of what comes of them in OpenAI's dialects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from http.client import HTTPResponse
from typing import Any

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.engine.runner import Engine
from robocoders.events import MessageAction, MessageArgs
from robocoders.server.running import MakeEngine
from robocoders.server.settings import Settings
from robocoders.store import Store
from robocoders.testing.scripted_model import ScriptedModel, Step
from tests.support.service import Answer, RunningService, Turns

__all__ = ["COMPLETIONS", "TalkingTurns", "ask", "body", "chunks", "completion", "frames", "scripted", "text_of"]

COMPLETIONS = "/v1/chat/completions"

_USAGE = {"requests": 2, "tool_calls": 1, "input_tokens": 700, "output_tokens": 30}


class TalkingTurns(Turns):
    """Knows some prompts more.

    `end REASON` ends so and has used up 700 and 30 tokens; `twice` says two messages; `mute` says nothing; `stutter`
    takes its beginning back while it holds and says the same again; `swap` shows one text and says another.
    """

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
        word, _, rest = turn.prompt.partition(" ")
        if word in {"end", "twice", "mute", "stutter", "swap"}:
            self.seen.append(turn)
        if word == "end":
            return Outcome(reason=rest, text="It ended.", usage=_USAGE)
        if word == "twice":
            await emit(MessageAction(message="First.", args=MessageArgs(content="First.")))
            return Outcome(reason="finished", text="Second.")
        if word == "mute":
            return Outcome(reason="finished", text="")
        if word in {"stutter", "swap"}:
            return await self._again(turn, "You said: ")
        return await super().run(turn, emit)

    async def _again(self, turn: TurnInput, first: str) -> Outcome:
        await turn.live.withdraw()
        await turn.live.write(first)
        await turn.live.flush()
        await self._hold()
        await turn.live.withdraw()
        text = "You said: stutter" if turn.prompt == "stutter" else "Something else."
        if turn.prompt == "stutter":
            for piece in ("You ", "said: stut", "ter"):
                await turn.live.write(piece)
                await turn.live.flush()
        return Outcome(reason="finished", text=text)


def scripted(model: ScriptedModel) -> MakeEngine:
    """An engine whose agents are the real ones, with a scripted model whatever its name."""

    def make(store: Store, settings: Settings) -> Engine:
        return Engine(
            store,
            data_dir=settings.data_dir,
            default_model="scripted",
            resolve_model=lambda _name: model,
            sandbox="none",
        )

    return make


def steps(*wanted: Step | str) -> ScriptedModel:
    """A model that says these."""
    return ScriptedModel(wanted)


def body(prompt: str | Sequence[Any], **more: Any) -> dict[str, Any]:
    """A request's body; a text is one message of the user's."""
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    return {"model": "RepoAgent", "messages": messages, **more}


def ask(service: RunningService, token: str, prompt: str | Sequence[Any], *, sid: str = "", **more: Any) -> Answer:
    """Ask for a chat completion and read all of it."""
    headers = {"X-Session-ID": sid} if sid else {}
    return service.send("POST", COMPLETIONS, token=token, body=body(prompt, **more), headers=headers)


def completion(answer: Answer) -> str:
    """The text of a whole answer."""
    assert answer.status == 200, answer
    return answer.json["choices"][0]["message"]["content"]


def frames(response: HTTPResponse) -> Iterator[dict[str, Any] | str]:
    """The objects of a stream as they come; `[DONE]`, and heartbeats, as they stand there."""
    while line := response.readline():
        text = line.decode().rstrip("\n")
        if text.startswith("data: {"):
            yield json.loads(text.removeprefix("data: "))
        elif text:
            yield text.removeprefix("data: ")


def chunks(answer: Answer) -> list[Any]:
    """The data of a stream that was read whole; `[DONE]` as it stands there."""
    pieces = answer.body.decode().split("\n\n")
    assert pieces.pop() == ""
    found = [piece.removeprefix("data: ") for piece in pieces if not piece.startswith(":")]
    return [json.loads(piece) if piece != "[DONE]" else piece for piece in found]


def text_of(found: Sequence[Any], field: str = "content") -> str:
    """The text that the deltas of a stream come to."""
    deltas = [choice["delta"] for chunk in found if isinstance(chunk, dict) for choice in chunk.get("choices", ())]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return "".join(delta.get(field) or "" for delta in deltas)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
