"""The way from a command line to a server and a session."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robocoders.client.configuration import resolve
from robocoders.client.discovery import find_server
from robocoders.errors import ConfigurationError, RobocodersError

if TYPE_CHECKING:
    from robocoders.client import AsyncRobocoders, AsyncSession

__all__ = ["Target", "cancel_quietly", "checked_workspace", "known_server", "open_session", "target"]

_CANCEL_SECONDS = 5.0


@dataclass(frozen=True)
class Target:
    """The server that a command talks to.

    Args:
        base_url: Its address.
        is_own: Whether it is one of this user's own servers on this machine.
    """

    base_url: str
    is_own: bool


def target(base_url: str | None) -> Target:
    """The server that is named by flag, variable or user file; else this user's own, started where none runs.

    Raises:
        ConfigurationError: What is named is no address, or the server cannot start as things are set.
        APIConnectionError: The server did not start.
    """
    named = resolve("base_url", base_url).value
    if named:
        return Target(named, find_server(named) is not None)
    from robocoders.cli.background import running_server  # noqa: PLC0415 - not needed where a server is named

    return Target(running_server().url, is_own=True)


def known_server(base_url: str | None) -> Target | None:
    """As `target`, but nothing is started; None where no server is named and none runs."""
    named = resolve("base_url", base_url).value
    if named:
        return Target(named, find_server(named) is not None)
    from robocoders.client.destination import find_running  # noqa: PLC0415 - not needed where a server is named

    server = find_running(resolve("data_dir"))
    return None if server is None else Target(server.url, is_own=True)


def checked_workspace(workspace: Path | None, server: Target, session: str | None) -> str | None:
    """The directory as an absolute path, links resolved.

    Raises:
        ConfigurationError: It is no directory that can be read, or the server is not on this machine, or the
            session has its workspace already.
    """
    if workspace is None:
        return None
    if session is not None:
        raise ConfigurationError("--workspace belongs to a new session; leave out --session")
    if not server.is_own:
        raise ConfigurationError(
            f"--workspace works with a server of yours on this machine only, and {server.base_url} is not one"
        )
    directory = workspace.expanduser().resolve()
    if not directory.is_dir():
        raise ConfigurationError(f"--workspace {workspace} is no directory")
    if not os.access(directory, os.R_OK | os.X_OK):
        raise ConfigurationError(f"--workspace {workspace} cannot be read")
    return str(directory)


async def open_session(
    client: AsyncRobocoders, session_id: str | None, workspace: str | None, model: str | None
) -> AsyncSession:
    """The named session, else a new one.

    Raises:
        ConfigurationError: A session that there is already was to get another model.
        RobocodersError: The server refuses or does not answer.
    """
    if session_id is None:
        return await client.create_session(workspace=workspace, model=model)
    if model is not None:
        raise ConfigurationError("--model belongs to a new session; leave out --session")
    return client.session(session_id)


async def cancel_quietly(session: AsyncSession) -> bool:
    """Tell the server to stop the session's work; False where it cannot, or does not answer in time."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            return await session.cancel()
    except (RobocodersError, TimeoutError):
        return False
