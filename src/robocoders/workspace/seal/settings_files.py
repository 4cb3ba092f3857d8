"""The files of `/etc` that a seal has of its own, so that nothing of the host's users and names is in it."""

from __future__ import annotations

from pathlib import Path

from robocoders.workspace.seal.arguments import GROUP_INSIDE, HOME, USER_INSIDE
from robocoders.workspace.seal.memory_files import memory_file

__all__ = ["settings_files"]

_HOSTS = "127.0.0.1 localhost seal\n::1 localhost seal\n"
_NAMES = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"


def settings_files(*, network: bool, shell: str) -> tuple[tuple[str, int], ...]:
    """Paths inside, each with a descriptor of its content. The caller closes them.

    Args:
        network: Whether names are resolved as the host does it.
        shell: The user's shell.
    """
    users = f"root:x:0:0:root:/:/usr/sbin/nologin\nuser:x:{USER_INSIDE}:{GROUP_INSIDE}:user:{HOME}:{shell}\n"
    users += "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    groups = f"root:x:0:\nuser:x:{GROUP_INSIDE}:\nnogroup:x:65534:\n"
    resolver = _resolver() if network else b""
    contents = {
        "/etc/passwd": users.encode(),
        "/etc/group": groups.encode(),
        "/etc/hosts": _HOSTS.encode(),
        "/etc/hostname": b"seal\n",
        "/etc/nsswitch.conf": _NAMES.encode(),
        "/etc/resolv.conf": resolver,
    }
    return tuple((path, memory_file(path.replace("/", "-"), content)) for path, content in contents.items())


def _resolver() -> bytes:
    try:
        return Path("/etc/resolv.conf").read_bytes()
    except OSError:
        return b""
