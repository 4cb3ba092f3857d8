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
    for piece in ("", MARKDOWN[:9], MARKDOWN[9:], "\x1b[31mred"):
        answer.write(piece)
    answer.finish()
    answer.write("Second\n")
    answer.finish()
    answer.finish()
    assert out.getvalue() == MARKDOWN + "\x1b[31mred\n\nSecond\n"


def test_markdown_is_rendered_while_it_streams(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal."""
    answer = Answer(screen.stream)
    answer.write("Some **bo")
    answer.write("ld** words.\n\nAnd **mo")
    growing = screen.shown()
    assert "\x1b[1mbold\x1b[0m" in growing
    answer.write("re** words.")
    answer.finish()
    assert "\x1b[1mmore\x1b[0m words." in screen.shown()


def test_colours_without_a_terminal_move_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: FORCE_COLOR for a pipe that ends at a terminal, such as a pager."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = io.StringIO()
    answer = Answer(out)
    for character in MARKDOWN:
        answer.write(character)
    answer.finish()
    assert "\x1b[1mbold\x1b[0m" in out.getvalue()
    for moving in ("\x1b[?25l", "\x1b[1A", "\x1b[2K", "\r"):
        assert moving not in out.getvalue()


def test_no_color_takes_the_colours_and_leaves_the_form(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: https://no-color.org."""
    monkeypatch.setenv("NO_COLOR", "1")
    answer = Answer(screen.stream)
    answer.write("`code` and **bold**")
    answer.finish()
    shown = screen.shown()
    assert "\x1b[1mbold\x1b[0m" in shown
    assert "\x1b[3" not in shown
    assert "\x1b[4" not in shown


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_an_answer_cannot_steer_the_terminal(term: str, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: docs/command.md, on a terminal: what an agent quotes may hold escape sequences."""
    monkeypatch.setenv("TERM", term)
    answer = Answer(screen.stream)
    answer.write("before\x1b]0;owned\x07\x9b2J\rafter")
    answer.finish()
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
        answer.write(MARKDOWN)
        answer.finish()
    assert screen.shown().replace("\r\n", "\n") == MARKDOWN


def test_a_block_taller_than_the_screen_is_shown_whole(screen: Screen) -> None:
    """Promise: docs/command.md, on a terminal: the whole answer is shown."""
    answer = Answer(screen.stream)
    for number in range(60):
        answer.write(f"- item {number}\n")
    answer.finish()
    shown = screen.shown()
    last = shown[shown.rindex("item 0") :] if "item 0" in shown else ""
    assert all(f"item {number}" in last for number in range(60))


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
