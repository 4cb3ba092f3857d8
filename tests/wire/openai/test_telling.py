from __future__ import annotations

import random
from typing import Any

from robocoders.events import (
    CallToolAction,
    CallToolArgs,
    MessageAction,
    MessageArgs,
    RecallAction,
    RecallObservation,
    RunAction,
    TextDelta,
    TextReset,
    ToolResultObservation,
    UnknownEvent,
)
from robocoders.wire.codec import StreamItem
from robocoders.wire.openai.telling import Called, End, Part, Step, Teller, Text, Withdrawn
from robocoders.wire.openai.usage import Usage


def say(text: str) -> MessageAction:
    """A message on the way."""
    return MessageAction(message=text, args=MessageArgs(content=text))


def close(text: str, reason: str = "finished", **extras: Any) -> MessageAction:
    """A closing message."""
    return MessageAction(
        message=text, args=MessageArgs(content=text, wait_for_response=True, extras={"reason": reason, **extras})
    )


def told(*items: StreamItem, before: Usage | None = None) -> list[Part]:
    """All that is told of these."""
    teller = Teller(before)
    return [part for item in items for part in teller.feed(item)]


def text(parts: list[Part]) -> str:
    """The text of what is told."""
    return "".join(part.text for part in parts if isinstance(part, Text))


STOP = End("stop", Usage())


def test_events_alone_tell_the_whole_answer() -> None:
    """Promise: docs/openai.md, text and steps (messages parted by blank lines; steps apart)."""
    events = [
        say("First."),
        RecallAction(message="Searching"),
        RecallObservation(message="Found"),
        RecallObservation(message=""),
        UnknownEvent(message="Dancing", kind="dance"),
        ToolResultObservation(message="The client has answered."),
        say(""),
        close("Last.", usage={"input_tokens": 7, "output_tokens": 3}),
    ]
    assert told(*events) == [
        Text("First."),
        Step("Searching"),
        Step("Found"),
        Step("Dancing"),
        Text("\n\nLast."),
        End("stop", Usage(7, 3)),
    ]


def test_live_text_is_told_as_it_comes() -> None:
    """Promise: docs/openai.md, streams (no word twice, none left out, however it is cut)."""
    answer = "The answer, with some words in it."
    for seed in range(50):
        chance = random.Random(seed)
        cuts = sorted(chance.sample(range(1, len(answer)), 3))
        edges = [0, *cuts]
        deltas = [
            TextDelta(delta_of=2, offset=begin, text=answer[begin:end]) for begin, end in zip(edges, cuts, strict=False)
        ]
        parts = told(say("First."), *deltas, close(answer))
        assert text(parts) == f"First.\n\n{answer}"
        assert len([part for part in parts if isinstance(part, Text)]) == 5
        assert parts[-1] == STOP


def test_live_text_that_comes_twice_or_with_a_gap_does_no_harm() -> None:
    """Promise: docs/openai.md, streams (no word twice, none left out)."""
    deltas = [
        TextDelta(delta_of=1, offset=0, text="abc"),
        TextDelta(delta_of=1, offset=1, text="bcd"),
        TextDelta(delta_of=1, offset=9, text="z"),
    ]
    assert told(*deltas, close("abcdefghijz")) == [Text("abc"), Text("d"), Text("efghijz"), STOP]


def test_the_output_of_a_step_is_no_text() -> None:
    """Promise: docs/openai.md, text (what follows an action that is no message is what came of it)."""
    parts = told(RunAction(message="Running"), TextDelta(delta_of=2, offset=0, text="made"), close("Done."))
    assert parts == [Step("Running"), Text("Done."), STOP]


def test_withdrawn_text_goes_on_where_it_begins_the_same() -> None:
    """Promise: docs/openai.md, withdrawn text (nothing is told twice where the model says the same again)."""
    first = TextDelta(delta_of=1, offset=0, text="You said")
    again = [TextDelta(delta_of=1, offset=0, text="You "), TextDelta(delta_of=1, offset=4, text="said: x")]
    assert told(first, TextReset(delta_of=1), *again, close("You said: x")) == [Text("You said"), Text(": x"), STOP]
    assert told(first, TextReset(delta_of=1), close("You said: y")) == [Text("You said"), Text(": y"), STOP]


def test_withdrawn_text_that_becomes_another_is_never_mended_silently() -> None:
    """Promise: docs/openai.md, withdrawn text (the dialect has no way to take it back, so nothing more is told)."""
    first, reset = TextDelta(delta_of=1, offset=0, text="You sad"), TextReset(delta_of=1)
    other = TextDelta(delta_of=1, offset=0, text="You said")
    assert told(first, reset, other, close("You said")) == [Text("You sad"), Withdrawn()]
    assert told(first, reset, close("You said")) == [Text("You sad"), Withdrawn()]
    assert told(first, RunAction(message="Running"), close("You sad")) == [Text("You sad"), Withdrawn()]
    teller = Teller()
    assert [list(teller.feed(item)) for item in (first, reset, say("no"), say("more"))][-2:] == [[Withdrawn()], []]
    assert teller.ended


def test_calls_of_the_clients_tools_end_the_answer() -> None:
    """Promise: docs/openai.md, tools (what was called at once, then what was used up so far)."""
    first = CallToolAction(args=CallToolArgs(name="f", arguments="{}", call_id="a", index=0, of=2))
    counts = {"input_tokens": 7, "output_tokens": 3}
    last = CallToolAction(args=CallToolArgs(name="g", arguments="[]", call_id="b", index=1, of=2, usage=counts))
    assert told(say("Wait."), first, last, close("never read"), before=Usage(2, 1)) == [
        Text("Wait."),
        Called(0, "a", "f", "{}"),
        Called(1, "b", "g", "[]"),
        End("tool_calls", Usage(5, 2)),
    ]


def test_every_end_is_told() -> None:
    """Promise: docs/openai.md, ends."""
    for reason in ("finished", "question", "needs_model"):
        assert told(close("x", reason)) == [Text("x"), STOP]
    for reason in ("iteration_limit", "budget_limit", "exhausted"):
        assert told(close("x", reason)) == [Text("x"), End("length", Usage())]
    for reason, code in (("error", "turn_failed"), ("cancelled", "cancelled")):
        shown = TextDelta(delta_of=1, offset=0, text="half")
        first, end = told(shown, close("Sorry.", reason))
        assert first == Text("half")
        assert isinstance(end, End)
        assert end.failure is not None
        assert (end.failure.code, end.failure.message) == (code, "Sorry.")
    assert told(MessageAction(message="old", args=MessageArgs(content="old", wait_for_response=True))) == [
        Text("old"),
        STOP,
    ]
