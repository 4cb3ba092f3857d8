from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from robocoders.cli.answering import show_turn
from robocoders.events import (
    ErrorObservation,
    Event,
    MessageAction,
    MessageArgs,
    RunAction,
    RunArgs,
    RunExtras,
    RunObservation,
    RunPythonAction,
    RunPythonArgs,
    RunPythonObservation,
    TextDelta,
    TextReset,
)

if TYPE_CHECKING:
    import pytest

Items = Sequence[Event | TextDelta | TextReset]

DONE = MessageAction(args=MessageArgs(content="Done.", wait_for_response=True, extras={"reason": "finished"}))


def shown(items: Items, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that a turn leaves on a standard error that is no terminal."""

    async def coming() -> AsyncIterator[Event | TextDelta | TextReset]:
        for item in [*items, DONE]:
            yield item

    asyncio.run(show_turn(coming()))
    said = capsys.readouterr()
    assert said.out == "Done.\n"
    return said.err.splitlines()


def delta(offset: int, text: str) -> TextDelta:
    return TextDelta(delta_of=2, offset=offset, text=text)


def run(command: str) -> RunAction:
    return RunAction(message=f"Running the command: {command}", args=RunArgs(command=command))


def ran(content: str, exit_code: int = 0) -> RunObservation:
    return RunObservation(content=content, extras=RunExtras(exit_code=exit_code))


def test_each_line_of_output_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise: docs/command.md, what goes where: output as it comes; what came too late for that, at the end."""
    live = [run("make"), delta(0, "on"), delta(2, "e\ntwo\nth"), ran("one\ntwo\nthree\nfour\n", 2)]
    assert shown(live, capsys) == [
        "· Running the command: make",
        "  one",
        "  two",
        "  three",
        "  four",
        "  (exit code 2)",
    ]
    assert shown([run("make"), ran("one\n\ntwo")], capsys) == ["· Running the command: make", "  one", "", "  two"]
    assert shown([run("true"), ran("")], capsys) == ["· Running the command: true"]


def test_output_that_was_cut_in_its_middle_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise: docs/command.md, what goes where: nothing is passed off as the whole output."""
    cut = "one\n[... 9 lines left out here ...]\na\nb\nc\nd\ne"
    items = [run("make"), delta(0, "one\ntwo\nthr"), ran(cut)]
    assert shown(items, capsys)[1:] == ["  one", "  two", "  thr", "  [...]", "  a", "  b", "  c", "  d", "  e"]


def test_a_command_of_several_lines_keeps_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise: docs/command.md, what goes where: the command itself, as it is."""
    assert shown([run("cd src\nmake")], capsys) == ["· Running the command:", "  $ cd src", "  $ make"]
    code = "\n".join(f"print({number})" for number in range(32))
    python = RunPythonAction(message=f"Running Python:\n{code}", args=RunPythonArgs(code=code))
    lines = shown([python, RunPythonObservation(content="0\n")], capsys)
    assert lines[:2] == ["· Running Python:", "  $ print(0)"]
    assert lines[-2:] == ["  [... 2 more]", "  0"]


def test_an_interrupted_command_leaves_what_it_put_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise: README, what survives: a command that was cut off is reported with its output so far."""
    items = [run("make"), delta(0, "one\ntw"), ErrorObservation(content="It was interrupted.")]
    assert shown(items, capsys)[1:] == ["  one", "  tw", "· error: It was interrupted."]
    assert shown([run("make"), delta(0, "one\ntw")], capsys)[1:] == ["  one", "  tw"]
    withdrawn = [run("make"), delta(0, "tw"), TextReset(delta_of=2), ran("two\n")]
    assert shown(withdrawn, capsys)[1:] == ["  tw", "  two"]
