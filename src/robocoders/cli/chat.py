"""`robocoders chat`: ask, read, ask again, on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.cli.connecting import (
    NewSession,
    cancel_quietly,
    checked_limits,
    checked_workspace,
    open_session,
    target,
)
from robocoders.cli.options import (
    AgentOption,
    BaseUrlOption,
    LimitOption,
    MaxContinuesOption,
    ModelOption,
    NetworkOption,
    SessionOption,
    WorkspaceOption,
)
from robocoders.cli.terminal import is_terminal, say, say_error
from robocoders.client import places
from robocoders.client.discovery import find_server
from robocoders.client.private_files import make_private_directory
from robocoders.errors import ConfigurationError, RobocodersError
from robocoders.wire.protocol import DEFAULT_AGENT

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

    from robocoders.client import AsyncRobocoders, AsyncSession

__all__ = ["chat"]

_HELP = """\
/help     this list
/new      begin a new session
/session  the session's id, for robocoders ask --session and robocoders sessions
/exit     leave, as Ctrl-D does
Ctrl-C    stop the answer; at the prompt: clear the line"""


def chat(
    agent: AgentOption = DEFAULT_AGENT,
    workspace: WorkspaceOption = None,
    model: ModelOption = None,
    session: SessionOption = None,
    base_url: BaseUrlOption = None,
    *,
    network: NetworkOption = False,
    limit: LimitOption = None,
    max_continues: MaxContinuesOption = 8,
) -> None:
    """Talk with an agent. Ctrl-C stops the answer, Ctrl-D leaves, /help says the rest."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise ConfigurationError("chat needs a terminal; elsewhere use robocoders ask")
    server = target(base_url)
    directory = checked_workspace(workspace, server, session)
    new = NewSession(directory, model, network, checked_limits(limit))
    conversation = _Conversation(
        server.base_url,
        agent,
        new=new,
        session_id=session,
        max_continues=max_continues,
    )
    asyncio.run(_talk(conversation, named=base_url))


class _Conversation:
    """One session at a time with one agent, on a server that may be replaced while nobody asks anything.

    Args:
        base_url: The server's address.
        agent: The agent's name.
        new: What new sessions are to have of their own.
        session_id: The session to go on in; None begins a new one.
        max_continues: How often to go on by itself at a limit.
    """

    def __init__(
        self,
        base_url: str,
        agent: str,
        *,
        new: NewSession,
        session_id: str | None,
        max_continues: int,
    ) -> None:
        self.base_url = base_url
        self._agent = agent
        self._new = new
        self._first = session_id
        self._max_continues = max_continues
        self._client: AsyncRobocoders | None = None
        self._session: AsyncSession | None = None

    @property
    def session_id(self) -> str | None:
        return self._first if self._session is None else self._session.id

    async def answer(self, prompt: str) -> None:
        """Ask and show the answer; Ctrl-C meanwhile cancels it at the server and returns.

        Raises:
            RobocodersError: There is no answer.
        """
        task = asyncio.ensure_future(self._answer(prompt))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            if self._session is not None:
                await cancel_quietly(self._session)
            say("Stopped.")
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def begin_anew(self) -> None:
        """Let the next prompt begin a new session."""
        self._first = self._session = None

    async def move(self, base_url: str) -> None:
        """Go on at another address, in the same session."""
        self._first = self.session_id
        await self.close()
        self.base_url = base_url

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
        self._client = self._session = None

    async def _answer(self, prompt: str) -> None:
        from robocoders.cli.answering import show_turn  # noqa: PLC0415 - loads the types of events

        if self._client is None:
            from robocoders.client import AsyncRobocoders  # noqa: PLC0415 - loads the HTTP client

            self._client = AsyncRobocoders(self.base_url, max_continues=self._max_continues)
        if self._session is None:
            new = self._new if self._first is None else NewSession()
            self._session = await open_session(self._client, self._first, new)
        items = self._session.chat(prompt, self._agent, deltas=True)
        async with contextlib.aclosing(items):
            await show_turn(items)


async def _talk(conversation: _Conversation, named: str | None) -> None:
    terminal = _terminal()
    say(f"Talking with {conversation.base_url}; /help lists what you can do.")
    try:
        while True:
            try:
                line = (await terminal.prompt_async("> ")).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line == "/exit":
                return
            if line and not _obeyed(line, conversation):
                await _ask(conversation, line, named)
    finally:
        await conversation.close()


async def _ask(conversation: _Conversation, prompt: str, named: str | None) -> None:
    try:
        if find_server(conversation.base_url) is None:
            # A background server leaves when nobody asks anything for long; its sessions do not.
            await conversation.move((await asyncio.to_thread(target, named)).base_url)
        await conversation.answer(prompt)
    except RobocodersError as error:
        say_error(error)


def _obeyed(line: str, conversation: _Conversation) -> bool:
    """Carry out a line that is one of the program's own words; anything else is for the agent."""
    if line == "/help":
        say(_HELP)
    elif line == "/new":
        conversation.begin_anew()
        say("The next prompt begins a new session.")
    elif line == "/session":
        say(conversation.session_id or "There is no session yet; the first prompt makes one.")
    else:
        return False
    return True


def _terminal() -> PromptSession[str]:
    from prompt_toolkit import PromptSession  # noqa: PLC0415 - only where somebody types
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory  # noqa: PLC0415

    history: History
    try:
        history = FileHistory(_history_file())
    except OSError as error:
        say(f"What you type is not remembered: {error.strerror or error}")
        history = InMemoryHistory()
    return PromptSession(history=history)


def _history_file() -> Path:
    """The file of what was typed, made beforehand so that it is never open to others."""
    path = places.state_dir() / "chat-history"
    make_private_directory(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path
