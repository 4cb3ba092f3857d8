"""What a command puts out, for people, on standard error.

On a terminal its last lines are previewed below the spinner, and its end is printed once it is known as a whole.
Elsewhere each line is printed as it comes: output is never taken back, since no command is run twice.
"""

from __future__ import annotations

from typing import Final

from robocoders.cli.rendering import Progress

__all__ = ["CommandOutput"]

_MOST_ROWS: Final = 20
"""How much of a finished output a terminal shows: its end."""

_NEXT_TO_THE_CUT_ROWS: Final = 5


class CommandOutput:
    """The output of one command after the other.

    Args:
        progress: Where it is shown.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._shown = ""
        self._line = ""

    def grow(self, text: str) -> None:
        """Show more of the output of the command that runs."""
        if self._progress.can_preview:
            self._progress.preview(text)
            return
        self._shown += text
        *lines, self._line = (self._line + text).split("\n")
        self._progress.note(lines)

    def finish(self, content: str, exit_code: int = 0) -> None:
        """Show what is not shown yet of the whole output.

        Args:
            content: The whole output, perhaps with a middle that was left out.
            exit_code: How the command ended.
        """
        if self._progress.can_preview:
            lines = content.splitlines()
            left = len(lines) - _MOST_ROWS
            above = [f"[... {left} {'line' if left == 1 else 'lines'} above]"] if left > 0 else []
            self._progress.note([*above, *lines[-_MOST_ROWS:]])
        elif content.startswith(self._shown):
            rest = self._line + content[len(self._shown) :]
            self._progress.note(rest.removesuffix("\n").split("\n") if rest else [])
            self._line = ""
        else:
            self.drop()
            self._progress.note(["[...]", *content.splitlines()[-_NEXT_TO_THE_CUT_ROWS:]])
        if exit_code:
            self._progress.note([f"(exit code {exit_code})"])
        self._shown = ""

    def drop(self) -> None:
        """The output of the command that ran is not told as a whole: complete the line that was begun."""
        if self._line:
            self._progress.note([self._line])
        self._shown = self._line = ""
