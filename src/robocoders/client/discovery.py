"""Which servers this user runs: one file, mode 0600, that lists them with their sign-in keys.

A server registers when it is ready and takes itself off the list when it stops. A reader believes the file only when
it is a regular file of its own user with mode 0600, and of its entries only those whose process lives.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from robocoders.client import places
from robocoders.client.addresses import normal_address
from robocoders.client.private_files import locked_beside, read_own, replace_file
from robocoders.errors import ConfigurationError

__all__ = ["LocalServer", "find_server", "process_start_time", "read_servers", "register", "unregister"]

_log = logging.getLogger("robocoders.client")


@dataclass(frozen=True)
class LocalServer:
    """One running server.

    Args:
        url: Its address, always with the port.
        pid: Its process.
        process_started: When that process started, as the kernel counts (`process_start_time`); None where unknown.
        data_dir: The absolute path of its data directory.
        version: Of the package it runs.
        auth: How callers sign in: `local` or `open`.
        flags: What else it was started with, as on the command line, so that another start can compare.
        sign_in_key: What `/auth` wants to see; None where it wants nothing.
        started_at: UTC, ISO 8601, so that text order is time order.
    """

    url: str
    pid: int
    process_started: int | None
    data_dir: str
    version: str
    auth: str
    flags: tuple[str, ...]
    sign_in_key: str | None = field(repr=False)
    started_at: str

    def is_alive(self) -> bool:
        """Whether that very process runs, and not a later one with the same number."""
        return _is_alive(self.pid, self.process_started)


def process_start_time(pid: int) -> int | None:
    """When a living process started, in clock ticks since the machine did; None where it cannot be told.

    The number together with the pid names one process for as long as the machine runs (Linux, `proc(5)`).
    """
    parsed = _linux_process(pid)
    return parsed[1] if parsed else None


def read_servers() -> list[LocalServer]:
    """The user's running servers, newest first; empty when there is no list that can be trusted."""
    return [server for server in _read_listed() if server.is_alive()]


def find_server(url: str) -> LocalServer | None:
    """The running server at exactly this address; None where the list has none.

    Raises:
        ConfigurationError: `url` is no address.
    """
    address = normal_address(url)
    return next((server for server in read_servers() if normal_address(server.url) == address), None)


def register(server: LocalServer) -> None:
    """Put a server on the list, in the place of one with the same process or address.

    Raises:
        ConfigurationError: The list cannot be written.
    """
    address = normal_address(server.url)
    _rewrite(lambda listed: [s for s in listed if s.pid != server.pid and normal_address(s.url) != address] + [server])


def unregister(pid: int) -> None:
    """Take a process's servers off the list; nothing happens where it has none.

    Raises:
        ConfigurationError: The list cannot be written.
    """
    _rewrite(lambda listed: [server for server in listed if server.pid != pid])


def _rewrite(change: Callable[[list[LocalServer]], list[LocalServer]]) -> None:
    path = places.discovery_file()
    try:
        with locked_beside(path):
            servers = change(read_servers())
            content = json.dumps({"servers": [asdict(server) for server in servers]}, indent=1)
            replace_file(path, content.encode())
    except OSError as error:
        raise ConfigurationError(
            f"The list of running servers, {path}, cannot be written: {error.strerror or error}. "
            "Make its directory writable for yourself."
        ) from error


def _read_listed() -> list[LocalServer]:
    path = places.discovery_file()
    try:
        listed: object = json.loads(read_own(path, forbidden_mode=0o077))["servers"]
        if not isinstance(listed, list):
            raise TypeError("no list")  # noqa: TRY301 - all that is wrong with the file ends alike
    except FileNotFoundError:
        return []
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        # Only the kind of the error: the text of some quotes the content.
        _log.debug("The list of running servers %s is not used: %s", path, _reason(error, path))
        return []
    servers = [server for entry in cast("list[object]", listed) if (server := _server(entry)) is not None]
    return sorted(servers, key=lambda server: server.started_at, reverse=True)


def _reason(error: Exception, path: Path) -> str:
    return str(error) if isinstance(error, OSError) else f"{path.name} holds no list of servers"


def _server(entry: object) -> LocalServer | None:
    """An entry of the list; None where anything about it is wrong."""
    import msgspec  # noqa: PLC0415 - importing the client loads no third-party module

    try:
        server = msgspec.convert(entry, LocalServer)
        normal_address(server.url)
    except (msgspec.ValidationError, ConfigurationError):
        return None
    return server if server.pid > 0 else None


def _is_alive(pid: int, started: int | None) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        # PermissionError included: a server of one's own can be signalled, so this is a later process of another user.
        return False
    process = _linux_process(pid)
    if process is None:
        return True
    state, ticks = process
    return state not in "ZX" and (started is None or ticks == started)


def _linux_process(pid: int) -> tuple[str, int] | None:
    """State letter and start time from `/proc`; None where the system has none or the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The second field is the program's name in brackets and may itself hold brackets and spaces.
        fields = text.rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, LookupError, ValueError):
        return None
