"""Which directories of the server's machine a session may work in."""

from __future__ import annotations

import os
from pathlib import Path

from robocoders.server.failures import ApiError, invalid

__all__ = ["workspace_directory"]


def workspace_directory(given: str, data_dir: Path) -> str:
    """The real path of a directory that can be a workspace. Blocks on the file system.

    Raises:
        ApiError: 422, with what is wrong with it.
    """
    path = Path(given)
    if "\0" in given or not path.is_absolute():
        raise _refused("The workspace must be given as an absolute path.", "workspace_not_absolute")
    try:
        real = path.resolve(strict=True)
        listable = real.is_dir() and os.access(real, os.R_OK | os.X_OK)
    except FileNotFoundError:
        raise _refused("There is no such directory on the server's machine.", "workspace_missing") from None
    except (OSError, RuntimeError):
        raise _refused("The server's user cannot reach this directory.", "workspace_unreadable") from None
    if not real.is_dir():
        raise _refused("The workspace is no directory.", "workspace_no_directory")
    if not listable:
        raise _refused("The server's user cannot read this directory.", "workspace_unreadable")
    if real.is_relative_to(data_dir.resolve()):
        raise _refused("The server's own data directory cannot be a workspace.", "workspace_forbidden")
    return str(real)


def _refused(message: str, kind: str) -> ApiError:
    return invalid(["body", "workspace"], message, kind)
