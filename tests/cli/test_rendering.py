from __future__ import annotations

import contextlib
import io
import os
import queue
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

import pytest

from robocoders.cli.rendering import Answer, Progress
from robocoders.cli.terminal import Display, display_of
from tests.cli.screens import shown_after

SIZE = (80, 25)
"""Columns and rows of a terminal that does not say how large it is."""

MARKDOWN = "# Title\n\nSome **bold** words.\n\n- one\n- two\n\n```python\nprint(1)\n\nprint(2)\n```\n"


class Screen:
    """A real terminal whose other end is read here."""

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        self.stream: TextIO = open(slave, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - a descriptor
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def shown(self) -> str:
        """All that was written since the last look; what a spinner draws may come a moment later."""
        self.stream.flush()
        read, end = b"", time.monotonic() + 0.5
        with contextlib.suppress(queue.Empty):
            while (left := end - time.monotonic()) > 0:
                read += self._chunks.get(timeout=left)
        return read.decode()

    def close(self) -> None:
        self.stream.close()
        self._reader.join(10)
        os.close(self._master)

    def _read(self) -> None:
        # Linux: reading fails once the last one to have it open has gone.
        with contextlib.suppress(OSError):
            while chunk := os.read(self._master, 65_536):
                self._chunks.put(chunk)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Generator[Screen]:
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Screen()
    yield screen
    screen.close()


@pytest.mark.parametrize(
    ("variables", "on_terminal", "on_pipe"),
    [
        ({}, Display.LIVE, Display.PLAIN),
        ({"TERM": "dumb"}, Display.PLAIN, Display.PLAIN),
        ({"NO_COLOR": "1"}, Display.LIVE, Display.PLAIN),
        ({"FORCE_COLOR": "1"}, Display.LIVE, Display.COLOUR),
        ({"FORCE_COLOR": "0"}, Display.LIVE, Display.PLAIN),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Display.LIVE, Display.PLAIN),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, Display.LIVE, Display.COLOUR),
    ],
)
def test_what_a_stream_can_show(
    variables: dict[str, str], on_terminal: Display, on_pipe: Display, screen: Screen
) -> None:
    """Promise: docs/command.md, on a terminal (NO_COLOR, FORCE_COLOR, TERM)."""
    assert display_of(screen.stream, variables) is on_terminal
    assert display_of(io.StringIO(), variables) is on_pipe


def test_piped_text_goes_out_as_it_came() -> None:
    """Promise: docs/command.md, standard output: data, whatever it holds, with one line end at its end."""
    out = io.StringIO()
    answer = Answer(out)
    for message in ("", MARKDOWN, "\x1b[31mred", "", "Second\n"):
        answer.preview("half of it")
        answer.write(message)
    answer.preview("half of it")
    answer.withdraw()
    assert out.getvalue() == MARKDOWN + "\n\x1b[31mred\n\nSecond\n"


def test_markdown_is_rendered_while_it_streams(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal."""
    answer = Answer(screen.stream)
    answer.write("First.")
    answer.preview("Some **bo")
    answer.preview("ld** words.\n\nAnd **mo")
    growing = screen.shown()
    assert "\x1b[1mbold\x1b[0m" in growing
    answer.write("Some **bold** words.\n\nAnd **more** words.")
    assert "\x1b[1mmore\x1b[0m words." in (last := screen.shown())
    assert shown_after(growing + last, *SIZE) == ["First.", "", "Some bold words.", "", "And more words."]


@pytest.mark.parametrize("text", ["Half of **an** answ", "- item\n" * 500, "```\n" + "code\n" * 500, "word " * 5000])
def test_what_is_withdrawn_leaves_nothing_on_the_screen(text: str, screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: an answer that never was leaves nothing, nor does it scroll."""
    with Answer(screen.stream) as answer:
        answer.preview("")
        for start in range(0, len(text), 700):
            answer.preview(text[start : start + 700])
        shown = screen.shown()
        assert text.rsplit(maxsplit=1)[-1] in shown
        answer.withdraw()
        answer.preview("Once more")
    shown += screen.shown()
    assert "Once more" in shown
    assert shown_after(shown, *SIZE) == [""]


def test_colours_without_a_terminal_move_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: FORCE_COLOR for a pipe that ends at a terminal, such as a pager."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = io.StringIO()
    answer = Answer(out)
    for end in range(len(MARKDOWN)):
        answer.preview(MARKDOWN[end])
    answer.write(MARKDOWN)
    assert "\x1b[1mbold\x1b[0m" in out.getvalue()
    for moving in ("\x1b[?25l", "\x1b[1A", "\x1b[2K", "\r"):
        assert moving not in out.getvalue()


def test_no_color_takes_the_colours_and_leaves_the_form(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: https://no-color.org."""
    monkeypatch.setenv("NO_COLOR", "1")
    answer = Answer(screen.stream)
    answer.preview("`code` and **bo")
    answer.write("`code` and **bold**")
    shown = screen.shown()
    assert "\x1b[1mbold\x1b[0m" in shown
    assert "\x1b[3" not in shown
    assert "\x1b[4" not in shown


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_an_answer_cannot_steer_the_terminal(term: str, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: what an agent quotes may hold escape sequences."""
    monkeypatch.setenv("TERM", term)
    answer = Answer(screen.stream)
    answer.preview("before\x1b]0;owned\x07\x9b2J\rafter")
    answer.write("before\x1b]0;owned\x07\x9b2J\rafter")
    shown = screen.shown()
    assert "\x1b]0;" not in shown
    assert "\x07" not in shown
    assert "\x9b" not in shown
    assert "before]0;owned2Jafter" in shown


def test_a_dumb_terminal_gets_text_alone(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: TERM=dumb."""
    monkeypatch.setenv("TERM", "dumb")
    with Progress(screen.stream):
        answer = Answer(screen.stream)
        answer.preview(MARKDOWN[:9])
        answer.write(MARKDOWN)
    assert screen.shown().replace("\r\n", "\n") == MARKDOWN


def test_an_answer_taller_than_the_screen_is_shown_whole(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: its end while it comes, all of it once when it is finished."""
    items = [f"- item {number}\n" for number in range(60)]
    answer = Answer(screen.stream)
    for item in items:
        answer.preview(item)
    growing = screen.shown()
    assert "item 59" in growing
    answer.write("".join(items))
    shown = shown_after(growing + screen.shown(), *SIZE)
    assert [line.split()[-1] for line in shown if "item" in line] == [str(number) for number in range(60)]


def test_the_spinner_says_what_the_agent_does(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: a spinner shows what the agent does, and its steps stay."""
    with Progress(screen.stream) as progress:
        assert "Thinking" in screen.shown()
        progress.step("Searching for\n\x1b[31mthe cache")
        assert "· Searching for [31mthe cache" in screen.shown()
        progress.pause()
        screen.shown()
        progress.step("")
        progress.resume()
        assert "Searching for [31mthe cache" in screen.shown()
    assert "\x1b[?25h" in screen.shown()  # the cursor is back


def test_a_commands_output_is_shown_while_it_comes_and_goes_away(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: the last lines of a command's output below the spinner."""
    with Progress(screen.stream) as progress:
        progress.preview("before the first step\n")
        progress.withdraw()
        progress.step("Running make")
        progress.preview("[bold]one[/bold]\n\n\x1b[31m" + "two\n" * 9 + "10 %\r20")
        progress.preview(" %\nthree " + "x" * 500)
        shown = screen.shown()
        assert "20 %" in shown
        assert "[bold]" not in shown
        last = shown_after(shown, *SIZE)
        assert len(last) == 7
        assert last[2:6] == ["  two", "  two", "  10 %", "  20 %"]
        assert last[6].startswith("  three xxx")
        progress.withdraw()
        shown += screen.shown()
    shown += screen.shown()
    assert shown_after(shown, *SIZE) == ["· Running make"]


@pytest.mark.parametrize("step", ["Where is [/etc] read?", "Reading [bold]words[/bold] :smile: [link=x]"])
def test_square_brackets_are_only_square_brackets(step: str, screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: what an agent quotes is shown as it is."""
    with Progress(screen.stream) as progress:
        progress.step(step)
        shown = screen.shown()
        assert f"· {step}" in shown
        assert shown.count(step) > 1
        progress.pause()
        progress.resume()
        assert step in screen.shown()


def test_steps_without_a_terminal_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Promise: docs/command.md, standard error: one line a step, however long or many-lined its text."""
    with Progress() as progress:
        progress.step("Searching\nfor it")
        progress.step("x" * 500)
    assert capsys.readouterr().err == f"· Searching for it\n· {'x' * 199}…\n"


def test_a_reader_that_has_gone_is_noticed(tmp_path: Path) -> None:
    """Promise: docs/command.md, exit codes: 141 for a closed pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8", buffering=1) as stream:  # noqa: PTH123 - a descriptor
        with pytest.raises(BrokenPipeError):
            Answer(stream).write("words\n")
        os.dup2(os.open(tmp_path / "elsewhere", os.O_WRONLY | os.O_CREAT), stream.fileno())
