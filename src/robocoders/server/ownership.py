"""One owner of a data directory at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from robocoders.client.private_files import lock_beside, make_private_directory, read_own, replace_file
from robocoders.errors import ConfigurationError

__all__ = ["owned_data_directory"]

_OWNER = "server.json"


@contextmanager
def owned_data_directory(directory: Path) -> Generator[Callable[[str], None]]:
    """Hold the data directory; it is made with mode 0700 where it is missing. The kernel lets go of it if we die.

    Yields:
        A function that takes the server's address, for the message that a second server gives.

    Raises:
        ConfigurationError: It cannot be made or written, or another server holds it; the message names that one.
    """
    owner = directory / _OWNER
    try:
        make_private_directory(directory)
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(0, "it is not writable")
        lock = lock_beside(owner).acquire(blocking=False)
    except TimeoutError:
        raise ConfigurationError(
            f"The data directory {directory} is in use by {_owner(owner)}. "
            "Stop that one (robocoders stop), or give another --data-dir."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"The data directory {directory} cannot be used: {error.strerror or error}. Make it writable for the "
            "user who runs the server, or give another --data-dir."
        ) from error
    with lock:
        owner.unlink(missing_ok=True)
        try:
            yield lambda url: replace_file(owner, json.dumps({"url": url, "pid": os.getpid()}).encode())
        finally:
            owner.unlink(missing_ok=True)


def _owner(path: Path) -> str:
    try:
        found: object = json.loads(read_own(path, forbidden_mode=0o077))
    except (OSError, ValueError):
        found = None
    match found:
        case {"url": str(url), "pid": int(pid)}:
            return f"the server at {url} (process {pid})"
        case _:
            return "another server, which is just starting or stopping"
