"""`robocoders stop`: end this user's servers."""

from __future__ import annotations

import typer

from robocoders.cli.exit_codes import ExitCode
from robocoders.cli.processes import STOP_SECONDS, end_server
from robocoders.cli.terminal import say
from robocoders.client.discovery import read_servers

__all__ = ["stop"]


def stop() -> None:
    """End every server of yours on this machine; each first tells the turns that run, and its port is free again."""
    servers = read_servers()
    if not servers:
        say("No server of yours is running.")
    left = [server for server in servers if not end_server(server)]
    for server in servers:
        if server not in left:
            print(f"stopped {server.url}")  # noqa: T201 - data for standard output
    for server in left:
        say(f"Error: {server.url} (process {server.pid}) did not stop within {STOP_SECONDS:g} s.")
    if left:
        raise typer.Exit(ExitCode.FAILED)
