"""What the command draws: the answer on standard output, what the agent does on standard error.

On a terminal the answer is Markdown, rendered while it streams: finished blocks are printed for good, only the last
one is drawn again. Elsewhere the text goes out as it came.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from robocoders.cli.markdown_blocks import split_finished
from robocoders.cli.terminal import Display, console, display_of, printable, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.status import Status
    from rich.text import Text

__all__ = ["Answer", "Progress"]

_FRAMES_PER_SECOND = 12
_LONGEST_STEP_CHARACTERS = 200


class Answer:
    """The agent's words on a stream, piece by piece.

    Args:
        stream: Standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._display = display_of(self._stream)
        self._console: Console | None = None
        self._live: Live | None = None
        self._pending = ""
        self._begun = False
        self._wrote_block = False

    def write(self, text: str) -> None:
        """Add text to the present message.

        Raises:
            BrokenPipeError: Nobody reads the stream any more.
        """
        if not text:
            return
        if not self._begun and self._wrote_block:
            self._stream.write("\n")
        self._begun = True
        if self._display is Display.PLAIN:
            self._stream.write(printable(text) if self._stream.isatty() else text)
            self._stream.flush()
            self._pending = text[-1]
            return
        finished, self._pending = split_finished(self._pending + printable(text))
        if finished:
            self._print(finished)
        if self._display is Display.LIVE:
            self._draw()

    def finish(self) -> None:
        """End the present message; the next one begins below a blank line.

        Raises:
            BrokenPipeError: Nobody reads the stream any more.
        """
        if not self._begun:
            return
        if self._display is Display.PLAIN:
            self._stream.write("" if self._pending == "\n" else "\n")
        else:
            self._print(self._pending)
        self._pending = ""
        self._begun = False
        self._wrote_block = True
        self._stream.flush()

    def _print(self, markdown: str) -> None:
        from rich.markdown import Markdown  # noqa: PLC0415 - rich is imported only when something is drawn

        self._erase()
        out = self._out()
        out.print(Markdown(markdown))
        if markdown is not self._pending:
            out.print()

    def _erase(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        from rich.live import Live  # noqa: PLC0415 - rich is imported only when something is drawn
        from rich.markdown import Markdown  # noqa: PLC0415

        if self._live is None:
            self._live = Live(console=self._out(), refresh_per_second=_FRAMES_PER_SECOND, transient=True)
            self._live.start()
        self._live.update(Markdown(self._pending))

    def _out(self) -> Console:
        if self._console is None:
            self._console = console(self._stream)
        return self._console


class Progress:
    """What the agent does, on standard error: a spinner on a terminal, one line a step elsewhere.

    A context manager; leaving it stops the spinner.

    Args:
        stream: Standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = display_of(self._stream) is Display.LIVE
        self._status: Status | None = None
        self._now = "Thinking"

    def __enter__(self) -> Self:
        self.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def step(self, text: str) -> None:
        """The agent has begun something: the spinner says so, and a line of it stays."""
        line = _one_line(text)
        if not line:
            return
        self._now = line
        if self._status is None:
            say(f"· {line}")
            return
        self._status.console.print(f"· {line}", style="dim")
        self._status.update(_as_it_is(line))

    def pause(self) -> None:
        """Take the spinner away, so that something else can be drawn."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def resume(self) -> None:
        """Let the spinner turn again; without a terminal there is none."""
        if self._live and self._status is None:
            self._status = console(self._stream).status(_as_it_is(self._now))
            self._status.start()


def _as_it_is(line: str) -> Text:
    """For a spinner, which reads a string as markup whatever its console was told."""
    from rich.text import Text  # noqa: PLC0415 - rich is imported only when something is drawn

    return Text(line)


def _one_line(text: str) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= _LONGEST_STEP_CHARACTERS else line[: _LONGEST_STEP_CHARACTERS - 1] + "…"
