"""What standard output and standard error can show: nothing but text, colours, or moving things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from robocoders.errors import RobocodersError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "FRAMES_PER_SECOND",
    "Display",
    "console",
    "display_of",
    "is_terminal",
    "prepare_streams",
    "printable",
    "say",
    "say_error",
]

FRAMES_PER_SECOND: Final = 12
"""How often what moves is drawn again."""

_CONTROL_CHARACTERS = {number: None for number in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(number) not in "\n\t"}


class Display(Enum):
    """How much a stream can show."""

    PLAIN = "plain"
    """Text as it is: a pipe, a file, a dumb terminal."""
    COLOUR = "colour"
    """Rendered text with colours, but nothing moves: a pipe with `FORCE_COLOR`."""
    LIVE = "live"
    """A terminal: text is rendered while it streams, a spinner turns."""


def display_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Display:
    """Decide what a stream can show.

    `NO_COLOR` (any text) takes the colours away and wins over `FORCE_COLOR` (any text but `0`), as
    https://no-color.org and https://force-color.org ask; `TERM=dumb` is a terminal that can only take text.
    """
    if stream.isatty():
        return Display.PLAIN if environment.get("TERM") in {"dumb", "unknown"} else Display.LIVE
    forced = environment.get("FORCE_COLOR", "") not in {"", "0"}
    return Display.COLOUR if forced and not environment.get("NO_COLOR") else Display.PLAIN


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end of the stream."""
    return stream is not None and not stream.closed and stream.isatty()


def console(stream: TextIO) -> Console:
    """A rich console on the stream that agrees with `display_of`."""
    from rich.console import Console  # noqa: PLC0415 - rich is imported only when something is drawn
    from rich.theme import Theme  # noqa: PLC0415

    return Console(
        file=stream,
        force_terminal=display_of(stream) is not Display.PLAIN,
        no_color=bool(os.environ.get("NO_COLOR")),
        highlight=False,
        markup=False,
        emoji=False,
        # A place in the text is to be seen on a light terminal too: no background of its own.
        theme=Theme({"markdown.code": "bold cyan"}),
    )


def prepare_streams() -> None:
    """Make both output streams UTF-8 that never fails on a character, and present even where they were closed."""
    sys.stdout = _prepared(sys.stdout)
    sys.stderr = _prepared(sys.stderr)


def say(text: str) -> None:
    """Say one thing to the person at standard error; silent where standard error is gone."""
    try:
        print(_for_stream(text, sys.stderr), file=sys.stderr, flush=True)  # noqa: T201 - this is where people read
    except (BrokenPipeError, ValueError):
        return


def say_error(error: RobocodersError) -> None:
    """Say what went wrong, with the number of the request where there is one."""
    say(f"Error: {error.message}" + (f" (request {error.request_id})" if error.request_id else ""))


def printable(text: str) -> str:
    """The text without control characters, so that what an agent quotes cannot steer the terminal."""
    return text.translate(_CONTROL_CHARACTERS)


def _for_stream(text: str, stream: TextIO) -> str:
    return printable(text) if stream.isatty() else text


def _prepared(stream: TextIO | None) -> TextIO:
    # Python gives None for a descriptor that was closed before it started.
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    return stream
