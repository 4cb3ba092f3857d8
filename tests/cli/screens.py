"""What a terminal shows in the end of all that was written to it: enough of one for what the command draws."""

from __future__ import annotations

import re

__all__ = ["shown_after"]

_PARTS = re.compile(r"\x1b\[(?P<numbers>[0-9;?]*)(?P<final>[@-~])|(?P<character>[^\x1b])|\x1b.", re.DOTALL)


class _Paper:
    """All rows that were ever shown: those that have scrolled off can be read, yet no longer be changed."""

    def __init__(self, columns: int, rows: int) -> None:
        self.lines = [""]
        self._columns = columns
        self._rows = rows
        self._row = self._column = 0

    def control(self, numbers: str, final: str) -> None:
        if final == "A":
            top = max(len(self.lines) - self._rows, 0)
            self._row = max(self._row - int(numbers or 1), top)
        elif final == "K" and numbers == "2":
            self.lines[self._row] = ""
        elif final not in "mhl":
            raise AssertionError(f"this terminal does not know CSI {numbers} {final}")

    def put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._feed()
        elif character >= " ":
            if self._column == self._columns:
                self._column = 0
                self._feed()
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
            self._column += 1

    def _feed(self) -> None:
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")


def shown_after(raw: str, columns: int, rows: int) -> list[str]:
    """The rows that can be read in the end, those that have scrolled off included, without white space at any end.

    Args:
        raw: All that was written to the terminal, as it goes to the device: with carriage returns.
        columns: The terminal's width.
        rows: The terminal's height.
    """
    paper = _Paper(columns, rows)
    for part in _PARTS.finditer(raw):
        if part["character"] is not None:
            paper.put(part["character"])
        elif part["final"] is not None:
            paper.control(part["numbers"], part["final"])
    return "\n".join(line.rstrip() for line in paper.lines).rstrip("\n").split("\n")
