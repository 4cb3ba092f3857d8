"""An agent for the programs of these tests."""

from __future__ import annotations

from robocoders.agents.running import Emit, Outcome, TurnInput
from tests.support.openai_chat import TalkingTurns

__all__ = ["RIGHT", "WRONG", "RamblingTurns"]

WRONG = "The answer is forty-one, and that is certain. "
RIGHT = "It is forty-two."


class RamblingTurns(TalkingTurns):
    """Knows one prompt more: `ramble` shows `WRONG`, holds, takes it back and says `RIGHT`."""

    async def run(self, turn: TurnInput, emit: Emit) -> Outcome:
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
