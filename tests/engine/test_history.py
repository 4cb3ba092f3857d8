from __future__ import annotations

from robocoders.agents.running import Emit, Exchange, Outcome, TurnInput
from robocoders.engine.history import MOST_CHARACTERS
from robocoders.wire.protocol import Reason
from tests.engine.scenes import Stage


class _Listener:
    """An agent that notes what it heard of the turns before."""

    def __init__(self) -> None:
        self.heard: list[list[tuple[str, str]]] = []

    async def __call__(self, turn: TurnInput, _: Emit) -> Outcome:
        self.heard.append([(exchange.prompt, exchange.answer) for exchange in turn.history])
        assert all(isinstance(exchange, Exchange) for exchange in turn.history)
        return Outcome(reason=Reason.FINISHED, text=turn.prompt.upper())


async def test_a_model_hears_the_turns_before(stage: Stage) -> None:
    """Promise: README, sessions: an agent knows what was said before in its session, and in no other."""
    listener = _Listener()
    stage.play(listener)
    for prompt in "abc":
        await stage.ask(prompt)
    await stage.ask("x", "session-2")
    assert listener.heard == [[], [("a", "A")], [("a", "A"), ("b", "B")], []]


async def test_a_prompt_with_its_own_history_begins_anew(stage: Stage) -> None:
    """Promise: README, HTTP: with the history in the prompt nothing is said twice, later either."""
    listener = _Listener()
    stage.play(listener)
    await stage.ask("a")
    await stage.ask("b", history="in_prompt")
    await stage.ask("c")
    await stage.ask("d")
    await stage.ask("e", history="in_prompt")
    assert listener.heard[1:] == [[], [("b", "B")], [("b", "B"), ("c", "C")], []]


async def test_a_long_session_is_heard_from_its_end(stage: Stage) -> None:
    """Promise: ours: what a model hears is bounded; the oldest is left out first."""
    listener = _Listener()
    stage.play(listener)
    for number in range(60):
        await stage.ask(str(number))
    assert [prompt for prompt, _ in listener.heard[-1]] == [str(number) for number in range(59)]
    await stage.ask("x" * (MOST_CHARACTERS // 2 - 10))
    await stage.ask("y")
    await stage.ask("z")
    assert [prompt[0] for prompt, _ in listener.heard[-2]][-1] == "x"
    assert len(listener.heard[-2]) < 60
    assert [prompt[0] for prompt, _ in listener.heard[-1]][-2:] == ["x", "y"]
