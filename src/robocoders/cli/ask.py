"""`robocoders ask`: one prompt, one answer, one exit code."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import typer

from robocoders.cli.connecting import Target, cancel_quietly, checked_workspace, open_session, target
from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.options import (
    AgentOption,
    BaseUrlOption,
    JsonlOption,
    MaxContinuesOption,
    ModelOption,
    SessionOption,
    WorkspaceOption,
)
from robocoders.cli.standard_input import complete_prompt
from robocoders.cli.terminal import say
from robocoders.client.discovery import find_server
from robocoders.errors import APIConnectionError, RobocodersError, ServerError
from robocoders.wire.protocol import DEFAULT_AGENT

if TYPE_CHECKING:
    from robocoders.client import AsyncSession

__all__ = ["ask"]

_RESUMABLE = {
    ExitCode.WAITING_FOR_HUMAN: "To answer",
    ExitCode.LIMIT_REACHED: "To go on",
    ExitCode.DEADLINE: "To take it up again",
}


@dataclass(frozen=True)
class _Question:
    """What is asked, of whom, and how the answer is shown."""

    prompt: str = field(repr=False)
    agent: str
    server: Target
    workspace: str | None
    model: str | None
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
    session: SessionOption = None,
    base_url: BaseUrlOption = None,
    jsonl: JsonlOption = False,
    max_continues: MaxContinuesOption = 8,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="Cancel and leave (124) after so long.")
    ] = None,
) -> None:
    """Ask an agent and print its answer.

    The words go to standard output, the steps to standard error. With no server named and none running, one is
    started in the background. Ctrl-C cancels the work and leaves.
    """
    text = complete_prompt(prompt, say)
    server = target(base_url)
    question = _Question(
        prompt=text,
        agent=agent,
        server=server,
        workspace=checked_workspace(workspace, server, session),
        model=model,
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


async def _ask(question: _Question) -> ExitCode:
    from robocoders.cli.answering import print_lines, show_turn  # noqa: PLC0415 - loads the types of events
    from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

    session: AsyncSession | None = None
    async with AsyncRobocoders(question.server.base_url, max_continues=question.max_continues) as client:
        try:
            async with asyncio.timeout(question.timeout_seconds):
                session = await open_session(client, question.session_id, question.workspace, question.model)
                events = session.chat(question.prompt, question.agent)
                async with contextlib.aclosing(events):
                    code = await (print_lines if question.jsonl else show_turn)(events)
        except (APIConnectionError, ServerError) as error:
            if session is None and question.server.is_own and find_server(question.server.base_url) is None:
                raise _ServerLeftError(error.message) from error
            raise
        except TimeoutError:
            cancelled = session is not None and await cancel_quietly(session)
            say(f"Error: no end within {question.timeout_seconds:g} s{'; the work is cancelled' if cancelled else ''}.")
            code = ExitCode.DEADLINE
        except asyncio.CancelledError:  # Ctrl-C
            if session is not None and await cancel_quietly(session):
                say("Cancelled.")
            raise
    if session is not None and code in _RESUMABLE:
        say(f"{_RESUMABLE[code]}: robocoders ask --session {session.id} ...")
    return code
