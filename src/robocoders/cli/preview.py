"""Words of a message to come, on a terminal: drawn while they come, and taken away without a trace.

Nothing here is ever printed for good: a message may be withdrawn at any of its words, and what has scrolled off the
screen cannot be taken back. So no more is drawn than the screen can hold, the end of it; the finished message is
printed whole, in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from robocoders.cli.markdown_tail import markdown_tail
from robocoders.cli.terminal import FRAMES_PER_SECOND, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

__all__ = ["Preview"]

_FREE_ROWS: Final = 2
"""The row of the cursor, and one that shows where the preview begins: a preview must never scroll the screen."""


class Preview:
    """The words so far.

    Args:
        out: Gives the console of a terminal; called when there is something to draw.
    """

    def __init__(self, out: Callable[[], Console]) -> None:
        self._out = out
        self._text = ""
        self._live: Live | None = None

    @property
    def is_shown(self) -> bool:
        return self._live is not None

    def grow(self, text: str) -> None:
        """Show more words."""
        console = self._out()
        most_characters = console.width * console.height
        words = self._text + printable(text)
        self._text = markdown_tail(words, most_characters) if len(words) > 2 * most_characters else words
        if self._live is None and self._text:
            self._live = self._begun(console)

    def withdraw(self) -> None:
        """Take all of it away."""
        self._text = ""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _begun(self, console: Console) -> Live:
        from rich.live import Live  # noqa: PLC0415 - rich is imported only when something is drawn

        live = Live(
            console=console,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            get_renderable=lambda: _LastRows(self._text),
            # What is said on standard error must not end up on standard output; on the same terminal it has to.
            redirect_stderr=sys.stderr.isatty(),
        )
        live.start(refresh=True)
        return live


class _LastRows:
    """Markdown, cut to the last rows that fit on the screen."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.markdown import Markdown  # noqa: PLC0415 - rich is imported only when something is drawn
        from rich.segment import Segment  # noqa: PLC0415

        text = markdown_tail(self._text, console.width * console.height)
        rows = console.render_lines(Markdown(text), options.update(height=None), pad=False)
        for row in rows[-max(console.height - _FREE_ROWS, 1) :]:
            yield from row
            yield Segment.line()
