"""An agent for the programs of these tests."""

from __future__ import annotations

import json

from robocoders.agents.running import Emit, Outcome, TurnInput
from robocoders.agents.steps import ClientCall
from tests.support.openai_chat import TalkingTurns

__all__ = ["RIGHT", "WRONG", "RamblingTurns"]

WRONG = "The answer is forty-one, and that is certain. "
RIGHT = "It is forty-two."


class RamblingTurns(TalkingTurns):
    """Knows two prompts more.

    `ramble` shows `WRONG`, holds, takes it back and says `RIGHT`; `weather` asks the client's tool `get_weather` for
    Rome and Oslo, and says what came back.
    """

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
        if turn.prompt == "weather":
            assert turn.steps is not None
            calls = [ClientCall("get_weather", json.dumps({"city": city})) for city in ("Rome", "Oslo")]
            return Outcome(reason="finished", text=", ".join(await turn.steps.ask_client(calls, {})))
        if turn.prompt != "ramble":
            return await super().run(turn, emit)
        await turn.live.withdraw()
        await turn.live.write(WRONG)
        await turn.live.flush()
        await self._hold()
        await turn.live.withdraw()
        await turn.live.write(RIGHT)
        await turn.live.flush()
        return Outcome(reason="finished", text=RIGHT)
