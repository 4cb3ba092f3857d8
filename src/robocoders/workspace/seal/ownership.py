"""Who the sealed processes are on the host, where the server is root.

Limits of the kernel do not hold root, so a root server's commands run as a user without any rights, `SEALED_USER`.
The workspace's files belong to somebody else, though, and shall stay so. An ID-mapped mount (mount_setattr(2), Linux
5.12) shows the owner of the workspace as that user, in the seal only; what commands create is the owner's on disk.
Where a file system cannot do this, the workspace is given to the user (chown), and root can still use it.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

from robocoders.workspace.seal.arguments import USER_INSIDE

__all__ = ["SEALED_USER", "give_tree", "identity_map", "mapped_mount", "owner_maps"]

SEALED_USER = 60_877
"""User and group on the host: one of the range that systemd documents as unused (60578 to 61183)."""

_SYS_OPEN_TREE, _SYS_MOUNT_SETATTR = 428, 442  # the same on every architecture
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE = 1
_NOSUID, _NODEV, _IDMAP = 0x2, 0x4, 0x100000


def identity_map() -> str:
    """The map of a root server's seal (user_namespaces(7)), which is the same for users and groups.

    The server's root is in it because it sets the seal up; commands cannot become it.
    """
    return f"0 0 1\n{USER_INSIDE} {SEALED_USER} 1\n"


def owner_maps(root: Path) -> tuple[str, str]:
    """Maps of users and groups that show the owner of a directory as the sealed user."""
    status = root.stat()
    return f"{status.st_uid} {SEALED_USER} 1\n", f"{status.st_gid} {SEALED_USER} 1\n"


def mapped_mount(root: Path, user_namespace: int) -> int:
    """A detached mount of a directory whose owners are shown by a user namespace's maps. The caller closes it.

    Raises:
        OSError: The kernel or the file system cannot do it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    descriptor = library.syscall(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(root), flags)
    _check(descriptor)
    attributes = struct.pack("=QQQQ", _NOSUID | _NODEV | _IDMAP, 0, 0, user_namespace)
    try:
        _check(library.syscall(_SYS_MOUNT_SETATTR, descriptor, b"", _AT_EMPTY_PATH, attributes, len(attributes)))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def give_tree(root: Path) -> None:
    """Make the sealed user the owner of a directory and all that is in it, without following links."""
    os.chown(root, SEALED_USER, SEALED_USER, follow_symlinks=False)
    for _, directories, files, descriptor in os.fwalk(root, follow_symlinks=False):
        for name in (*directories, *files):
            os.chown(name, SEALED_USER, SEALED_USER, dir_fd=descriptor, follow_symlinks=False)


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
