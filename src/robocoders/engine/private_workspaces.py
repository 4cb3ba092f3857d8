"""The directories of sessions that brought none of their own: made with the first prompt, gone with the session."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from robocoders.errors import WorkspaceError

__all__ = ["make_private_workspace", "remove_private_workspace"]

_log = logging.getLogger("robocoders.engine")

_PARENT = "workspaces"


def make_private_workspace(data_dir: Path, session_id: str) -> Path:
    """Return the session's directory below the data directory; it is made, with mode 0700, where it is missing.

    Raises:
        WorkspaceError: It cannot be made.
    """
    root = data_dir / _PARENT / session_id
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"the session's directory {root} cannot be made ({error.strerror})", session_id=session_id
        ) from error
    return root


def remove_private_workspace(data_dir: Path, session_id: str) -> None:
    """Remove the session's directory with all that is in it; nothing happens where there is none.

    No symbolic link is followed, neither in the place of a directory above nor anywhere inside, so nothing outside is
    ever touched. What cannot be removed stays and is named in the log: the session is deleted all the same.
    """
    if session_id in {"", ".", ".."} or "/" in session_id or "\0" in session_id:
        return
    try:
        parent = os.open(data_dir / _PARENT, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            shutil.rmtree(session_id, dir_fd=parent)
        finally:
            os.close(parent)
    except FileNotFoundError:
        return
    except OSError as error:
        left = data_dir / _PARENT / session_id
        _log.warning("the directory of a deleted session stays at %s: %s", left, error.strerror or error)
