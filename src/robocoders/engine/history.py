"""What a model hears of a session's earlier turns."""

from __future__ import annotations

from robocoders.agents.running import Exchange
from robocoders.events import Event
from robocoders.store import Store, TurnRow
from robocoders.wire.codec import decode_event

__all__ = ["MOST_CHARACTERS", "read_history"]

MOST_CHARACTERS = 2_000_000
"""Older turns beyond this are left out: no model could hear them, and memory stays bounded."""


async def read_history(store: Store, turn: TurnRow) -> list[Exchange]:
    """Return the prompts and closing answers before a turn, oldest first.

    A turn whose prompt carries its own history hears nothing else, and later turns hear nothing from before it.
    """
    exchanges: list[Exchange] = []
    characters = 0
    before, whole = turn.number, turn.history == "in_prompt"
    while not whole and (page := await store.closed_turns(turn.session_id, before_number=before)):
        for closed in page:
            answer = _text(closed.closing.body)
            characters += len(closed.turn.prompt) + len(answer)
            whole = whole or characters > MOST_CHARACTERS
            if not whole:
                exchanges.append(Exchange(closed.turn.prompt, answer))
            whole = whole or closed.turn.history == "in_prompt"
        before = page[-1].turn.number
    return exchanges[::-1]


def _text(body: bytes) -> str:
    event = decode_event(body)
    return event.text if isinstance(event, Event) else ""
