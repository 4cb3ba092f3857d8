"""What the command draws: the answer on standard output, what the agent does on standard error.

On a terminal the answer is Markdown; its words are previewed while they come, and printed for good once their message
is finished. Elsewhere the finished text goes out as it came.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from robocoders.cli.preview import Preview
from robocoders.cli.terminal import Display, console, display_of, printable, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

__all__ = ["Answer", "Progress"]

_LONGEST_STEP_CHARACTERS: Final = 200
_OUTPUT_ROWS: Final = 5
_MOST_OUTPUT_CHARACTERS: Final = 8192


class Answer:
    """The agent's words on a stream. A context manager; leaving it takes away what is only previewed.

    Args:
        stream: Standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._display = display_of(self._stream)
        self._console: Console | None = None
        self._preview = Preview(self._out)
        self._wrote_message = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.withdraw()

    @property
    def can_preview(self) -> bool:
        """Whether words can be shown that may have to be taken away again."""
        return self._display is Display.LIVE

    def preview(self, text: str) -> None:
        """Show more words of the message to come, where that can be done."""
        if self.can_preview and text:
            if not self._preview.is_shown:
                self._separate()
            self._preview.grow(text)

    def withdraw(self) -> None:
        """Take away the words of the message to come."""
        self._preview.withdraw()

    def write(self, text: str) -> None:
        """Print a finished message, in the place of what was previewed; the next one begins below a blank line.

        Raises:
            BrokenPipeError: Nobody reads the stream any more.
        """
        self.withdraw()
        if not text:
            return
        self._separate()
        if self._display is Display.PLAIN:
            shown = printable(text) if self._stream.isatty() else text
            self._stream.write(shown if shown.endswith("\n") else f"{shown}\n")
        else:
            from rich.markdown import Markdown  # noqa: PLC0415 - rich is imported only when something is drawn

            self._out().print(Markdown(printable(text)))
        self._stream.flush()
        self._wrote_message = True

    def _separate(self) -> None:
        if self._wrote_message:
            self._stream.write("\n")
            self._wrote_message = False

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
        self._output = ""

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
        self._now, self._output = line, ""
        self._keep(f"· {line}")
        self._update()

    def note(self, lines: Sequence[str]) -> None:
        """Lines that belong to the last step, and stay below it."""
        for line in lines:
            self._keep(f"  {line}".rstrip())

    @property
    def can_preview(self) -> bool:
        """Whether output can be shown that goes away again."""
        return self._live

    def preview(self, output: str) -> None:
        """Show more of what a command has put out so far: its last lines, below the spinner."""
        if self._live:
            self._output = (self._output + output)[-_MOST_OUTPUT_CHARACTERS:]
            self._update()

    def withdraw(self) -> None:
        """Take away the command's output."""
        if self._output:
            self._output = ""
            self._update()

    def pause(self) -> None:
        """Take the spinner away, so that something else can be drawn."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def resume(self) -> None:
        """Let the spinner turn again; without a terminal there is none."""
        if self._live and self._status is None:
            self._status = console(self._stream).status(self._text())
            self._status.start()

    def _keep(self, line: str) -> None:
        if self._status is None:
            say(line)
        else:
            self._status.console.print(printable(line).expandtabs(), style="dim")

    def _update(self) -> None:
        if self._status is not None:
            self._status.update(self._text())

    def _text(self) -> Text:
        """What stands beside the spinner. As a text, since a spinner reads a string as markup."""
        from rich.text import Text  # noqa: PLC0415 - rich is imported only when something is drawn

        text = Text(self._now)
        width = shutil.get_terminal_size().columns - 3
        # A carriage return begins a line, too: commands draw their bars so.
        lines = [printable(line).expandtabs() for line in self._output.splitlines()]
        for line in [line for line in lines if line.strip()][-_OUTPUT_ROWS:]:
            text.append("\n  ")
            row = Text(line, style="dim")
            row.truncate(max(width, 1))
            text.append_text(row)
        return text


def _one_line(text: str) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= _LONGEST_STEP_CHARACTERS else line[: _LONGEST_STEP_CHARACTERS - 1] + "…"
