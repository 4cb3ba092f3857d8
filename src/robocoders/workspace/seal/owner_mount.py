"""The workspace as a root server's sealed user sees it: its owner's files are that user's."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

from robocoders.workspace.seal.descriptors import close_all, read_line
from robocoders.workspace.seal.ending import kill_with_child
from robocoders.workspace.seal.memory_files import memory_file, read_memory_file
from robocoders.workspace.seal.ownership import give_tree, mapped_mount, owner_maps
from robocoders.workspace.seal.requirements import bubblewrap, explain_failure

__all__ = ["child_of", "mount_for_owner", "write_maps"]

_NAMESPACE_SECONDS = 10


async def mount_for_owner(root: Path) -> int:
    """A detached mount of the workspace with its owner shown as the sealed user. The caller closes it.

    Returns:
        Its descriptor; -1 where the file system cannot do it, and the files were given to the sealed user.

    Raises:
        SealError: The files can neither be shown nor given.
    """
    namespace = await _user_namespace(*owner_maps(root))
    try:
        return mapped_mount(root, namespace)
    except OSError:
        try:
            await asyncio.to_thread(give_tree, root)
        except OSError as error:
            raise explain_failure(f"the workspace cannot be given to the sealed user: {error.strerror}") from error
        return -1
    finally:
        os.close(namespace)


async def _user_namespace(users: str, groups: str) -> int:
    """A descriptor of a new user namespace with these maps. It lives as long as it is held, without a process."""
    go_read, go_write = os.pipe2(os.O_CLOEXEC)
    info_read, info_write = os.pipe2(os.O_CLOEXEC)
    errors = memory_file("errors")
    words = [
        bubblewrap(),
        "--die-with-parent",
        "--unshare-user",
        "--userns-block-fd",
        str(go_read),
        "--info-fd",
        str(info_write),
    ]
    words += ["--ro-bind", "/usr", "/usr", "--", "/usr/bin/true"]
    process: subprocess.Popen[bytes] | None = None
    child: int | None = None
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 -- it is started, not waited for; the words are ours
            words, pass_fds=(go_read, info_write), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env={}
        )
        os.close(info_write)
        info_write = -1
        async with asyncio.timeout(_NAMESPACE_SECONDS):
            child = child_of(await read_line(info_read, b"}"), errors)
        write_maps(child, users, groups)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise explain_failure(f"{error.strerror} ({error.filename})") from error
    finally:
        if process is not None:
            kill_with_child(process, child)
        close_all(go_read, go_write, info_read, info_write, errors)


def write_maps(child: int, users: str, groups: str) -> None:
    """Give a process's new user namespace its maps (user_namespaces(7))."""
    Path(f"/proc/{child}/uid_map").write_text(users, encoding="ascii")
    Path(f"/proc/{child}/gid_map").write_text(groups, encoding="ascii")


def child_of(described: bytes, errors: int) -> int:
    """The process that bubblewrap started, from what `--info-fd` gave.

    Args:
        described: The JSON object.
        errors: The descriptor of a file with what bubblewrap said, for the case that there is none.

    Raises:
        SealError: Bubblewrap ended before.
    """
    try:
        return int(json.loads(described)["child-pid"])
    except (ValueError, KeyError):
        raise explain_failure(read_memory_file(errors, 4096).decode(errors="replace").strip()) from None
