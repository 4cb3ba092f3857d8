"""The way from a command line to a server and a session."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robocoders.client.configuration import resolve
from robocoders.client.discovery import find_server
from robocoders.errors import ConfigurationError, RobocodersError

if TYPE_CHECKING:
    from robocoders.client import AsyncRobocoders, AsyncSession

__all__ = [
    "NewSession",
    "Target",
    "cancel_quietly",
    "checked_limits",
    "checked_workspace",
    "known_server",
    "open_session",
    "target",
]

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


@dataclass(frozen=True)
class NewSession:
    """What a new session is to have of its own.

    Args:
        workspace: The directory that its agent works in.
        model: Its language model.
        network: Whether its commands reach the network.
        limits: Its limits.
    """

    workspace: str | None = None
    model: str | None = None
    network: bool = False
    limits: dict[str, Any] = field(default_factory=dict[str, Any])


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


def checked_limits(given: list[str] | None) -> dict[str, Any]:
    """The limits in `NAME=VALUE`; an empty value stands for None. The server knows which names there are.

    Raises:
        ConfigurationError: One is not of that form, or its value is no number.
    """
    limits: dict[str, Any] = {}
    for word in given or ():
        name, equals, value = word.partition("=")
        try:
            limits[name.strip()] = (float(value) if "." in value else int(value)) if value.strip() else None
        except ValueError:
            equals = ""
        if not (equals and name.strip()):
            raise ConfigurationError(f"--limit {word} is no limit: write NAME=NUMBER, for instance money_usd=0.50")
    return limits


async def open_session(client: AsyncRobocoders, session_id: str | None, new: NewSession) -> AsyncSession:
    """The named session, else a new one.

    Raises:
        ConfigurationError: A session that there is already was to get another model, network or limits.
        RobocodersError: The server refuses or does not answer.
    """
    if session_id is None:
        limits = {name: value for name, value in new.limits.items() if value is not None}
        return await client.create_session(
            workspace=new.workspace, model=new.model, limits=limits or None, network=new.network or None
        )
    if new.model is not None or new.network:
        flag = "--network" if new.model is None else "--model"
        raise ConfigurationError(f"{flag} belongs to a new session; leave out --session")
    if new.limits:
        raise ConfigurationError(f"--limit belongs to a new session; use: robocoders sessions limit {session_id}")
    return client.session(session_id)


async def cancel_quietly(session: AsyncSession) -> bool:
    """Tell the server to stop the session's work; False where it cannot, or does not answer in time."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            return await session.cancel()
    except (RobocodersError, TimeoutError):
        return False
