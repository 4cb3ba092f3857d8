"""Ways to babble: what chance prefers, and how long it may go on. None of them makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.babble.random_model import BLANK, END, TOOL_CALL, byte

__all__ = ["CALLING", "CIRCLING", "ENDLESS", "RAMBLING", "SILENT", "STUMBLING", "TRIPPING", "Mouth"]

_ALWAYS, _OFTEN, _NEVER = 14.0, 8.5, -40.0


@dataclass(frozen=True)
class Mouth:
    """How a model of random weights babbles.

    Args:
        leanings: As `write_random_model` takes them.
        context: The longest conversation, in tokens; nearly every byte is one.
        longest_answer: In tokens; -1: what the context has room for.
        tools: Whether its server was started so that it knows tools.
        seed: Makes the weights, and what chance says with them.
    """

    leanings: Mapping[int, float] = field(default_factory=dict[int, float])
    context: int = 65_536
    longest_answer: int = 400
    tools: bool = True
    seed: int = 11


_NO_BLANKS = {**{byte(blank): _NEVER for blank in " \t\n"}, BLANK: _NEVER}
"""Else chance may never leave the blanks between the parts of a call."""

_NO_CALL = {TOOL_CALL: _NEVER, byte("<"): _NEVER}

RAMBLING = Mouth(_NO_CALL)
"""Bytes by chance: most are no text in any encoding."""

TRIPPING = Mouth({TOOL_CALL: _NEVER, byte("<"): _ALWAYS})
"""Says what looks like a call at first: the server sends it on, then finds that it cannot make sense of it itself."""

SILENT = Mouth({END: _ALWAYS})

ENDLESS = Mouth({**_NO_CALL, END: _NEVER}, longest_answer=-1)

CALLING = Mouth({TOOL_CALL: 10.0, byte('"'): _OFTEN, byte("}"): _OFTEN, END: _OFTEN, **_NO_BLANKS}, longest_answer=1500)
"""Calls of any tools with arguments by chance, whole ones for the most part; now and then words, or nothing."""

CIRCLING = Mouth({TOOL_CALL: _ALWAYS, byte("l"): _ALWAYS, byte("}"): _ALWAYS, END: _ALWAYS - 2.0}, longest_answer=6000)
"""Calls `list` again and again, as often as it may, and never comes to an end."""

STUMBLING = Mouth({TOOL_CALL: _ALWAYS, byte('"'): _NEVER, byte("}"): _NEVER})
"""Begins calls whose arguments break off in the middle."""
