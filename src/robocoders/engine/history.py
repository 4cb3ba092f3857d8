"""What a model hears of a session's earlier turns."""

from __future__ import annotations

from dataclasses import dataclass

from robocoders.agents.running import Exchange
from robocoders.agents.transcript import with_exchanges
from robocoders.agents.worker_threads import in_worker_thread
from robocoders.events import Event
from robocoders.store import ClosedTurn, ModelHistory, Store, TurnRow
from robocoders.wire.codec import decode_event

__all__ = ["MOST_CHARACTERS", "Conversation", "read_conversation"]

MOST_CHARACTERS = 2_000_000
"""Older turns beyond this are left out: no model could hear them, and memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said before a turn.

    Attributes:
        messages: The model's own messages; None where none are kept.
        exchanges: Prompts and answers in their place.
    """

    messages: bytes | None
    exchanges: list[Exchange]


async def read_conversation(store: Store, turn: TurnRow) -> Conversation:
    """Return what a turn's model hears of the turns before it.

    That is its messages as the last turn left them. Turns that left none (an older version's, or one that never came
    to its model) are heard as prompt and answer.

    A turn whose prompt carries its own history hears nothing else, and later turns hear nothing from before it.
    """
    if turn.history == "in_prompt":
        return Conversation(None, [])
    kept = await store.model_history(turn.session_id)
    exchanges, reached = await _read_exchanges(store, turn, kept)
    if kept is None or not reached:
        return Conversation(None, exchanges)
    # In a thread: it may have to load the model library.
    messages = await in_worker_thread(with_exchanges, kept.messages, exchanges)
    if messages is not None:
        return Conversation(messages, [])
    exchanges, _ = await _read_exchanges(store, turn, None)
    return Conversation(None, exchanges)


async def _read_exchanges(store: Store, turn: TurnRow, kept: ModelHistory | None) -> tuple[list[Exchange], bool]:
    """Return prompts and answers, oldest first, and whether they reach back to the messages that are kept."""
    exchanges: list[Exchange] = []
    characters = 0
    before, after = turn.number, 0 if kept is None else kept.after_turn
    while page := await store.closed_turns(turn.session_id, before_number=before):
        for closed in page:
            if closed.turn.number <= after:
                return exchanges[::-1], True
            if not _ran(closed):
                continue
            answer = _text(closed.closing.body)
            characters += len(closed.turn.prompt) + len(answer)
            if characters > MOST_CHARACTERS:
                return exchanges[::-1], False
            exchanges.append(Exchange(closed.turn.prompt, answer))
            if closed.turn.history == "in_prompt":
                return exchanges[::-1], False
        before = page[-1].turn.number
    return exchanges[::-1], True


def _ran(closed: ClosedTurn) -> bool:
    """Whether anything was said: a `continue` where there was nothing to continue is no part of a conversation."""
    return not closed.turn.only_continues or bool(closed.turn.usage)


def _text(body: bytes) -> str:
    event = decode_event(body)
    return event.text if isinstance(event, Event) else ""
