"""Talking to all three agents whose model babbles, and what has to hold whatever came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robocoders import Robocoders
from robocoders.client.replies import Reply
from robocoders.events import MessageAction
from robocoders.wire.protocol import AGENT_NAMES, Reason
from tests.babble.mouths import Mouth
from tests.babble.serving import babbling, serving

__all__ = ["ITERATIONS", "Turn", "talk"]

ITERATIONS = 6
"""How many requests to the model one prompt may make."""

_PROMPTS = ("Please mend what is broken.", "And now?")


@dataclass(frozen=True)
class Turn:
    """What came of one prompt.

    Args:
        agent: Who was asked.
        reply: The events and why they ended.
        usage: What it used up, as its closing message says.
    """

    agent: str
    reply: Reply
    usage: dict[str, int]

    @property
    def names(self) -> list[str]:
        """The names of its events."""
        return [event.name for event in self.reply.events]


def talk(directory: Path, mouth: Mouth, prompts: Sequence[str] = _PROMPTS, *, all_whole: bool = True) -> list[Turn]:
    """Ask each agent the prompts, each in one session of its own, and check what always holds.

    Every turn ends in words with a reason; the next prompt in the same session is answered as well; the events are in
    the session's log as they came; no request is made beyond the allowance; and the tokens in the closing messages are
    those that the model server counted.

    Args:
        directory: Where both servers keep their things.
        mouth: How the model babbles.
        prompts: What each agent is asked.
        all_whole: Whether every answer is sure to come to its end. Of one that its server breaks off nobody says how
            many tokens it was, so that the closing messages can tell of fewer.
    """
    turns: list[Turn] = []
    with babbling(directory, mouth) as model, serving(directory, model) as url:
        with Robocoders(url, max_continues=0) as client:
            for agent in AGENT_NAMES:
                session = client.create_session(limits={"iterations": ITERATIONS})
                seen = [_turn(agent, session.ask(prompt, agent)) for prompt in prompts]
                assert [*session.events(follow=False)] == [event for turn in seen for event in turn.reply.events]
                turns += seen
            states = {info.state for info in client.sessions()}
        assert states == {"idle"}
        counted, said = sum(turn.usage.get("output_tokens", 0) for turn in turns), model.tokens_said()
        assert counted == said if all_whole else counted <= said
    return turns


def _turn(agent: str, reply: Reply) -> Turn:
    closing = reply.events[-1]
    assert isinstance(closing, MessageAction)
    extras: dict[str, Any] = closing.args.extras
    assert closing.args.wait_for_response
    assert closing.text.strip()
    assert closing.text == reply.text
    assert reply.reason == extras["reason"]
    assert reply.reason in {Reason.FINISHED, Reason.QUESTION, Reason.ITERATION_LIMIT, Reason.ERROR}
    usage: dict[str, int] = extras.get("usage", {})
    assert usage.get("requests", 0) <= ITERATIONS
    # Every observation tells of an action of the same turn.
    ids = [event.id for event in reply.events]
    assert all(event.cause in ids for event in reply.events if event.cause is not None)
    return Turn(agent, reply, usage)
