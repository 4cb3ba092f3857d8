"""Text out of events."""

from __future__ import annotations

from robocoders.events import (
    Event,
    MessageAction,
    MessageArgs,
    ReadObservation,
    RecallAction,
    UnknownEvent,
    WriteAction,
    WriteArgs,
)
from robocoders.wire.pieces import PieceJoiner
from robocoders.wire.protocol import Reason


def said(text: str, *, waits: bool = False, reason: str | None = None) -> MessageAction:
    extras = {} if reason is None else {"reason": reason}
    return MessageAction(
        message=text and "not this", args=MessageArgs(content=text, wait_for_response=waits, extras=extras)
    )


def pieces(events: list[Event], *, steps: bool = True) -> list[str]:
    joiner = PieceJoiner(steps=steps)
    return [piece for event in events if (piece := joiner.piece(event)) is not None]


def test_pieces_joined_read_as_text() -> None:
    """Promise: pieces are separated by line feeds where needed."""
    events: list[Event] = [RecallAction(message="Searching"), said("Found\n"), said("Done."), said("")]

    assert pieces(events) == ["Searching", "\nFound\n", "Done."]


def test_the_body_of_a_written_file_is_never_shown() -> None:
    """Promise: a `write` shows its sentence, not the file."""
    assert pieces([WriteAction(message="Writing a.py", args=WriteArgs(content="secret"))]) == ["Writing a.py"]


def test_only_what_the_agent_does_is_shown() -> None:
    """Promise: the provider shows only actions, unknown ones too."""
    events: list[Event] = [
        ReadObservation(message="read", content="body"),
        UnknownEvent(kind="dance", object={"action": "dance"}, message="dancing"),
        UnknownEvent(kind="glance", object={"observation": "glance"}, message="glanced"),
        UnknownEvent(message="bare", object={"message": "bare"}),
    ]

    assert pieces(events) == ["dancing", "\nbare"]


def test_without_steps_only_the_answer_remains() -> None:
    """Promise: `steps=False` yields only the answer."""
    notice = said("Limit reached", waits=True, reason=Reason.ITERATION_LIMIT)
    answer = said("42", waits=True, reason=Reason.FINISHED)

    assert pieces([RecallAction(message="Searching"), said("thinking"), notice, answer], steps=False) == ["42"]
    assert PieceJoiner(steps=False).closing(notice) == "Limit reached"
