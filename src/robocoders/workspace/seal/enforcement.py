"""Which means hold which limit on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from robocoders.workspace.seal.cgroups import find_parent
from robocoders.workspace.seal.ownership import SEALED_USER
from robocoders.workspace.seal.requirements import kernel_counts_by_namespace

__all__ = ["Enforcement", "enforcement"]


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What holds the limits of sealed commands.

    Args:
        memory: A control group, or the sampling watcher.
        processes: The same, or the kernel's count for each user namespace beside the watcher.
        user: Who the processes are on the host.
        overshoot: By how much the watcher may come late, in words.
    """

    memory: Literal["cgroup", "watcher"]
    processes: Literal["cgroup", "kernel", "watcher"]
    user: str
    overshoot: str

    def lines(self) -> list[str]:
        """What `doctor` prints."""
        return [
            f"memory: {self.memory}",
            f"processes: {self.processes}",
            "CPU time and workspace size: watcher",
            "file size, open files: kernel (setrlimit)",
            "wall clock and output: server",
            f"commands run as: {self.user}",
            f"watcher: {self.overshoot}",
        ]


def enforcement() -> Enforcement:
    """What would hold the limits of a seal that is made now. Only looks, makes nothing."""
    has_group = find_parent() is not None
    overshoot = (
        "looks every 50 ms; a limit can be exceeded by what is used in that time (memory: some hundred MiB at most on "
        "usual machines; CPU time: 0.05 s for each processor; workspace: what the disk takes in 0.1 s, or in ten times "
        "the time that measuring the workspace takes where other programs free space meanwhile)"
    )
    if has_group:
        overshoot += "; memory is held exactly at 64 MiB above its limit"
    return Enforcement(
        memory="cgroup" if has_group else "watcher",
        processes="cgroup" if has_group else "kernel" if kernel_counts_by_namespace() else "watcher",
        user=f"user {SEALED_USER}, without rights"
        if os.geteuid() == 0
        else "the server's user, in a namespace of its own",
        overshoot=overshoot,
    )
