"""`robocoders ask`: one prompt, one answer, one exit code. `--attach` reads an answer that was asked for before."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import typer

from robocoders.cli.connecting import (
    NewSession,
    Target,
    cancel_quietly,
    checked_limits,
    checked_workspace,
    open_session,
    target,
)
from robocoders.cli.exit_codes import ExitCode, code_for_error
from robocoders.cli.options import (
    AgentOption,
    BaseUrlOption,
    JsonlOption,
    LimitOption,
    MaxContinuesOption,
    ModelOption,
    NetworkOption,
    SessionOption,
    WorkspaceOption,
)
from robocoders.cli.standard_input import complete_prompt
from robocoders.cli.terminal import say, say_error
from robocoders.client.discovery import find_server
from robocoders.errors import APIConnectionError, ConfigurationError, RobocodersError, ServerError, StreamError
from robocoders.wire.protocol import DEFAULT_AGENT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from robocoders.client import AsyncSession
    from robocoders.events import Event, TextDelta, TextReset

__all__ = ["ask"]

_RESUMABLE = {
    ExitCode.WAITING_FOR_HUMAN: "To answer",
    ExitCode.LIMIT_REACHED: "To go on",
    ExitCode.DEADLINE: "To take it up again",
}


@dataclass(frozen=True)
class _Question:
    """What is asked, of whom, and how the answer is shown; without a prompt, whose answer is read."""

    prompt: str | None = field(repr=False)
    agent: str
    server: Target
    new: NewSession
    session_id: str | None
    max_continues: int
    timeout_seconds: float | None
    jsonl: bool


class _ServerLeftError(RobocodersError):
    """A server of one's own stopped before it had taken anything, as one in the background does when it is idle."""


def ask(
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="What to ask; - reads it from standard input. What is piped in is put below it."
        ),
    ] = None,
    *,
    agent: AgentOption = DEFAULT_AGENT,
    workspace: WorkspaceOption = None,
    model: ModelOption = None,
    network: NetworkOption = False,
    limit: LimitOption = None,
    session: SessionOption = None,
    base_url: BaseUrlOption = None,
    jsonl: JsonlOption = False,
    max_continues: MaxContinuesOption = 8,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="Cancel and leave (124) after so long.")
    ] = None,
    attach: Annotated[
        bool,
        typer.Option("--attach", help="Ask nothing: show the session's present answer, else its newest one."),
    ] = False,
) -> None:
    """Ask an agent and print its answer.

    The words go to standard output, the steps to standard error. With no server named and none running, one is
    started in the background. Ctrl-C cancels the work and leaves; with --attach it only leaves.
    """
    if attach:
        _check_attaching(prompt, session, agent, new=workspace or model or network or limit)
    text = None if attach else complete_prompt(prompt, say)
    server = target(base_url)
    question = _Question(
        prompt=text,
        agent=agent,
        server=server,
        new=NewSession(
            workspace=checked_workspace(workspace, server, session),
            model=model,
            network=network,
            limits=checked_limits(limit),
        ),
        session_id=session,
        max_continues=max_continues,
        timeout_seconds=timeout,
        jsonl=jsonl,
    )
    try:
        code = asyncio.run(_ask(question))
    except _ServerLeftError:
        code = asyncio.run(_ask(replace(question, server=target(base_url))))
    raise typer.Exit(code)


def _check_attaching(prompt: str | None, session: str | None, agent: str, *, new: object) -> None:
    """Refuse what has no say in an answer that is given already.

    Raises:
        ConfigurationError: There is no session, or something is asked.
    """
    if session is None:
        raise ConfigurationError("--attach needs --session SID; robocoders sessions list shows yours")
    if prompt is not None:
        raise ConfigurationError("--attach asks nothing; leave out PROMPT, or leave out --attach to ask")
    if agent != DEFAULT_AGENT or new:
        raise ConfigurationError(
            "--agent, --workspace, --model, --network and --limit belong to a prompt; --attach asks nothing"
        )


async def _ask(question: _Question) -> ExitCode:
    from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

    session: AsyncSession | None = None
    async with AsyncRobocoders(question.server.base_url, max_continues=question.max_continues) as client:
        try:
            async with asyncio.timeout(question.timeout_seconds):
                session = await open_session(client, question.session_id, question.new)
                code = await _show(session, question)
        except (APIConnectionError, ServerError, StreamError) as error:
            if session is None and question.server.is_own and find_server(question.server.base_url) is None:
                raise _ServerLeftError(error.message) from error
            has_begun = isinstance(error, StreamError) or error.last_event_id is not None
            if session is None or not question.server.is_own or not has_begun:
                raise
            say_error(error)
            say(f"To read on: robocoders ask --session {session.id} --attach")
            code = code_for_error(error)
        except TimeoutError:
            cancelled = await _cancelled(session, question)
            say(f"Error: no end within {question.timeout_seconds:g} s{'; the work is cancelled' if cancelled else ''}.")
            code = ExitCode.DEADLINE
        except asyncio.CancelledError:  # Ctrl-C
            if await _cancelled(session, question):
                say("Cancelled.")
            raise
    if session is not None and code in _RESUMABLE:
        say(f"{_RESUMABLE[code]}: robocoders ask --session {session.id} ...")
    return code


async def _show(session: AsyncSession, question: _Question) -> ExitCode:
    """Ask, or attach, and show what comes; return the exit code of the outcome.

    Raises:
        ConfigurationError: There is no answer to attach to.
        RobocodersError: As the client says.
    """
    from robocoders.cli.answering import print_lines, show_turn  # noqa: PLC0415 - types of events

    if question.jsonl:
        events = _events(session, question)
        async with contextlib.aclosing(events):
            code = await print_lines(events)
    else:
        items = _items(session, question)
        async with contextlib.aclosing(items):
            code = await show_turn(items)
    if code is None and question.prompt is None:
        raise ConfigurationError(f"The session {session.id} has not been asked anything yet, so there is no answer")
    return ExitCode.DONE if code is None else code


def _events(session: AsyncSession, question: _Question) -> AsyncGenerator[Event]:
    return session.attach() if question.prompt is None else session.chat(question.prompt, question.agent)


def _items(session: AsyncSession, question: _Question) -> AsyncGenerator[Event | TextDelta | TextReset]:
    if question.prompt is None:
        return session.attach(deltas=True)
    return session.chat(question.prompt, question.agent, deltas=True)


async def _cancelled(session: AsyncSession | None, question: _Question) -> bool:
    """Cancel what was asked here, and return whether that was done; what somebody else asked is left alone."""
    if session is None:
        return False
    if question.prompt is None:
        say(f"The agent may work on; to stop it: robocoders sessions cancel {session.id}")
        return False
    return await cancel_quietly(session)
