"""Control groups (cgroup v2), where this process may make them: they hold memory and processes exactly.

A group is made beside the server's own or below it, wherever the controllers `memory` and `pids` are handed down and
the directory is writable: for root on most machines, for users in a session that systemd delegated to them. Version 1
is not used: its hierarchies are rarely delegated, and systemd has dropped it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from robocoders.workspace.seal.limits import Limits

__all__ = ["Cgroup", "find_parent"]

_MOUNT = Path("/sys/fs/cgroup")
_CONTROLLERS = frozenset({"memory", "pids"})
_MORE_MEMORY_BYTES = 64 << 20
_MORE_PROCESSES = 64
"""So much more than the watcher allows does the group allow, so that the watcher can say what happened."""


def find_parent(mount: Path = _MOUNT, membership: Path = Path("/proc/self/cgroup")) -> Path | None:
    """The directory in which a group can be made, None where there is none.

    Args:
        mount: Where version 2 is mounted.
        membership: What proc(5) says of the groups of this process.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if own is None or ".." in own:
        return None
    for place in (mount / own, (mount / own).parent):
        if place.is_relative_to(mount) and _can_hold(place):
            return place
    return None


def _can_hold(place: Path) -> bool:
    try:
        handed_down = (place / "cgroup.subtree_control").read_text(encoding="ascii").split()
    except OSError:
        return False
    writable = os.access(place, os.W_OK | os.X_OK) and os.access(place / "cgroup.procs", os.W_OK)
    return writable and set(handed_down) >= _CONTROLLERS


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The control group of one seal."""

    path: Path

    @classmethod
    def make(cls, limits: Limits, parent: Path | None = None) -> Cgroup | None:
        """Make a group with these limits; None where that cannot be.

        Args:
            limits: The seal's.
            parent: Where, by default what `find_parent` finds.
        """
        parent = parent or find_parent()
        if parent is None:
            return None
        group = cls(parent / f"robocoders-{secrets.token_hex(8)}")
        try:
            group.path.mkdir()
            (group.path / "memory.max").write_text(str(limits.memory_bytes + _MORE_MEMORY_BYTES), encoding="ascii")
            (group.path / "pids.max").write_text(str(limits.processes + _MORE_PROCESSES), encoding="ascii")
        except OSError:
            group.remove()
            return None
        with contextlib.suppress(OSError):
            # Kernels without swap accounting have no such file.
            (group.path / "memory.swap.max").write_text("0", encoding="ascii")
        return group

    def add(self, pid: int) -> None:
        """Put a process into the group; what it starts later is in it, too.

        Raises:
            OSError: The kernel refuses.
        """
        (self.path / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def out_of_memory_kills(self) -> int:
        """How often the kernel killed a process of the group because memory was used up."""
        try:
            lines = (self.path / "memory.events").read_text(encoding="ascii").splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def remove(self) -> None:
        """Remove the group once its processes are gone."""
        with contextlib.suppress(OSError):
            self.path.rmdir()
