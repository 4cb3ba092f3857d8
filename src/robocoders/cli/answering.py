"""One turn as the command shows it: events in, words and steps out, an exit code at the end."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from robocoders.cli.exit_codes import ExitCode, code_for_reason
from robocoders.cli.rendering import Answer, Progress
from robocoders.cli.terminal import say
from robocoders.events import ErrorObservation, Event, MessageAction, Observation, UnknownEvent
from robocoders.wire.protocol import Reason

__all__ = ["print_lines", "show_turn"]

_TOLD_AS_ERRORS = (Reason.ERROR, Reason.CANCELLED)


async def show_turn(events: AsyncIterator[Event]) -> ExitCode:
    """Show a turn for people: the agent's words on standard output, its steps on standard error.

    Raises:
        RobocodersError: As the client says.
        BrokenPipeError: Nobody reads standard output any more.
    """
    answer = Answer()
    code = ExitCode.DONE
    with Progress() as progress:
        async for event in events:
            code = _show(event, answer, progress)
    return code


async def print_lines(events: AsyncIterator[Event]) -> ExitCode:
    """Print each event of a turn as the line it came in, and nothing else.

    Raises:
        RobocodersError: As the client says.
        BrokenPipeError: Nobody reads standard output any more.
    """
    code = ExitCode.DONE
    async for event in events:
        sys.stdout.buffer.write(event.raw + b"\n")
        sys.stdout.buffer.flush()
        code = _code(event)
    return code


def _code(event: Event) -> ExitCode:
    """What the exit code is should this event be the last."""
    return code_for_reason(event.reason) if isinstance(event, MessageAction) else ExitCode.DONE


def _show(event: Event, answer: Answer, progress: Progress) -> ExitCode:
    if isinstance(event, MessageAction):
        progress.pause()
        if event.reason in _TOLD_AS_ERRORS:
            say(f"Error: {event.text}")
        else:
            answer.write(event.text)
            answer.finish()
        if not event.args.wait_for_response:
            progress.resume()
    elif isinstance(event, ErrorObservation):
        progress.step(f"error: {event.text}")
    elif not isinstance(event, Observation) and not (isinstance(event, UnknownEvent) and "observation" in event.object):
        progress.step(event.text or event.name)
    return _code(event)
