"""Ending a server's process, and only that process."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from typing import Final

from robocoders.client.discovery import LocalServer

__all__ = ["STOP_SECONDS", "end_server", "ended_process"]

STOP_SECONDS: Final = 30.0
"""How long a server may take to tell its running turns and leave."""


def end_server(server: LocalServer, timeout_seconds: float = STOP_SECONDS) -> bool:
    """Ask a server to stop and wait until its process is gone.

    The process is held by a descriptor before it is checked to be the very one that registered itself, so that a
    number given to somebody else meanwhile is never signalled.

    Args:
        server: From the list of running servers.
        timeout_seconds: How long to wait.

    Returns:
        Whether it is gone; True at once where it no longer ran.

    Raises:
        OSError: The process is not one that this user may signal.
    """
    try:
        process = os.pidfd_open(server.pid)
    except ProcessLookupError:
        return True
    try:
        if not server.is_alive():
            return True
        signal.pidfd_send_signal(process, signal.SIGTERM)
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(timeout_seconds * 1000))
    except ProcessLookupError:
        return True
    finally:
        os.close(process)


def ended_process(process: subprocess.Popen[bytes], patience_seconds: float = STOP_SECONDS) -> int:
    """The exit code of a process of one's own that is ending; one that takes too long is killed."""
    try:
        return process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
