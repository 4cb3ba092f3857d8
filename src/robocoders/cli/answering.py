"""One turn as the command shows it: events in, words and steps out, an exit code at the end."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from robocoders.cli.command_output import CommandOutput
from robocoders.cli.exit_codes import ExitCode, code_for_reason
from robocoders.cli.rendering import Answer, Progress
from robocoders.cli.terminal import say
from robocoders.events import (
    Action,
    ErrorObservation,
    Event,
    MessageAction,
    RunAction,
    RunObservation,
    RunPythonAction,
    RunPythonObservation,
    TextDelta,
    TextReset,
    UnknownEvent,
)
from robocoders.wire.protocol import Reason

__all__ = ["print_lines", "show_turn"]

_MOST_PROGRAM_ROWS = 30

_TOLD_AS_ERRORS = (Reason.ERROR, Reason.CANCELLED)


async def show_turn(items: AsyncIterator[Event | TextDelta | TextReset]) -> ExitCode | None:
    """Show a turn for people: the agent's words on standard output, its steps and their output on standard error.

    On a terminal, live text is previewed and goes away with its event, a `TextReset`, or the end of the stream,
    whatever ends it. What stays comes from finished events alone. Elsewhere the output of commands is printed as it
    comes, and words when they are finished.

    Args:
        items: The turn, perhaps with live text.

    Returns:
        The exit code of the turn's outcome; None where the stream was empty.

    Raises:
        RobocodersError: As the client says.
        BrokenPipeError: Nobody reads standard output any more.
    """
    code = None
    with Progress() as progress, Answer() as answer:
        view = _View(answer, progress)
        try:
            async for item in items:
                if isinstance(item, Event):
                    view.show(item)
                    code = _code(item)
                elif isinstance(item, TextDelta):
                    view.preview(item.text)
                else:
                    view.withdraw()
        finally:
            view.end()
    return code


async def print_lines(events: AsyncIterator[Event]) -> ExitCode | None:
    """Print each event of a turn as the line it came in, and nothing else. Returns as `show_turn` does.

    Raises:
        RobocodersError: As the client says.
        BrokenPipeError: Nobody reads standard output any more.
    """
    code = None
    async for event in events:
        sys.stdout.buffer.write(event.raw + b"\n")
        sys.stdout.buffer.flush()
        code = _code(event)
    return code


class _View:
    """One turn on the screen."""

    def __init__(self, answer: Answer, progress: Progress) -> None:
        self._answer = answer
        self._progress = progress
        self._output = CommandOutput(progress)
        self._awaits_output = False

    def preview(self, text: str) -> None:
        """Show text of the event to come: a command's output, if the last event is a command, else words."""
        if self._awaits_output:
            self._output.grow(text)
        elif self._answer.can_preview:
            self._progress.pause()
            self._answer.preview(text)

    def withdraw(self) -> None:
        """Take away the text of the event to come."""
        self._answer.withdraw()
        self._progress.withdraw()
        self._output.drop()
        self._progress.resume()

    def end(self) -> None:
        """Nothing more comes: complete a line of output that was begun."""
        self._output.drop()

    def show(self, event: Event) -> None:
        """Show an event in the place of its live text."""
        self._answer.withdraw()
        self._progress.withdraw()
        self._awaits_output = _is_action(event) and not isinstance(event, MessageAction)
        if isinstance(event, MessageAction):
            self._progress.pause()
            if event.reason in _TOLD_AS_ERRORS:
                say(f"Error: {event.text}")
            else:
                self._answer.write(event.text)
            if not event.args.wait_for_response:
                self._progress.resume()
            return
        self._progress.resume()
        if isinstance(event, RunObservation):
            self._output.finish(event.content, event.extras.exit_code)
        elif isinstance(event, RunPythonObservation):
            self._output.finish(event.content)
        else:
            self._output.drop()
        if isinstance(event, ErrorObservation):
            self._progress.step(f"error: {event.text}")
        elif self._awaits_output:
            self._step(event)

    def _step(self, event: Event) -> None:
        """Name a step: a command or program of several lines with its lines below."""
        program = ""
        if isinstance(event, RunAction):
            program = event.args.command.strip("\n")
        elif isinstance(event, RunPythonAction):
            program = event.args.code.strip("\n")
        if "\n" not in program:
            self._progress.step(event.text or event.name)
            return
        self._progress.step(event.text.partition("\n")[0].removesuffix(program.partition("\n")[0]) or event.name)
        lines = program.split("\n")
        self._progress.note([f"$ {line}" for line in lines[:_MOST_PROGRAM_ROWS]])
        if len(lines) > _MOST_PROGRAM_ROWS:
            self._progress.note([f"[... {len(lines) - _MOST_PROGRAM_ROWS} more]"])


def _is_action(event: Event) -> bool:
    return isinstance(event, Action) or (isinstance(event, UnknownEvent) and "observation" not in event.object)


def _code(event: Event) -> ExitCode:
    """What the exit code is should this event be the last."""
    return code_for_reason(event.reason) if isinstance(event, MessageAction) else ExitCode.DONE
