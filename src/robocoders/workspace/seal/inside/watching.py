"""The sampling watcher: what the whole tree of processes uses, held against the limits."""

from __future__ import annotations

import os
import time

from robocoders.workspace.seal.inside.kernel_memory import memory_of_names, memory_of_namespace, memory_of_processes
from robocoders.workspace.seal.inside.measuring import TreeSize
from robocoders.workspace.seal.inside.processes import Process, list_processes

__all__ = ["Watcher"]

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SCAN_SHARE = 0.1
"""The share of time that measuring the workspace takes where nothing is urgent."""
_SLICE_SECONDS = 0.005
_URGENT_SLICE_SECONDS = 0.1


class Watcher:
    """Samples the processes and says which limit they exceed.

    Args:
        limits: `cpu_seconds`, `memory_bytes`, `processes`, `workspace_bytes`.
        root: The workspace.
        memory_file_systems: Places of private file systems in memory; what they hold counts as memory.
        is_bare: Whether there are no namespaces, so that processes of others are in sight.
    """

    def __init__(
        self, limits: dict[str, int], root: str, memory_file_systems: tuple[str, ...], *, is_bare: bool
    ) -> None:
        self._limits = limits
        self._memory_file_systems = memory_file_systems
        self._is_bare = is_bare
        self._size = TreeSize(root)
        self._ticks: dict[tuple[int, int], int] = {}
        self._total_ticks = 0
        self._base_ticks = 0
        self._known_ticks = 0
        self._known_base_ticks = 0

    def begin(self, *, is_first: bool) -> None:
        """A command begins. CPU time is counted from here, unless others run already."""
        if is_first:
            self._base_ticks = self._total_ticks
            self._known_base_ticks = self._known_ticks

    def is_alone(self) -> bool:
        """Whether no process is left but this one."""
        return not list_processes(only_descendants=self._is_bare)

    def breach(self) -> str | None:
        """The limit that is exceeded now: `processes`, `cpu`, `memory` or `workspace_size`.

        `gone` says that the workspace was deleted, so that nothing can go on in it.
        """
        if self._size.is_gone():
            return "gone"
        processes = list_processes(only_descendants=self._is_bare)
        self._count_ticks(processes)
        if sum(process.threads for process in processes) > self._limits["processes"]:
            return "processes"
        ticks = max(self._total_ticks - self._base_ticks, self._known_ticks - self._known_base_ticks)
        if ticks / _TICKS_A_SECOND > self._limits["cpu_seconds"]:
            return "cpu"
        if self._memory_exceeded(processes):
            return "memory"
        if self._workspace_exceeded(processes):
            return "workspace_size"
        return None

    def _count_ticks(self, processes: list[Process]) -> None:
        """Measure the CPU time twice.

        What each process used since the last sample misses those that live shorter than that; what parents collected
        of their children misses those whose end is ignored. The greater counts. (What misses both is held by the wall
        clock alone.)
        """
        times = os.times()
        self._known_ticks = int((times.children_user + times.children_system) * _TICKS_A_SECOND)
        self._known_ticks += sum(process.ticks + process.collected_ticks for process in processes)
        before, self._ticks = self._ticks, {}
        for process in processes:
            key = process.pid, process.started
            self._ticks[key] = process.ticks
            self._total_ticks += process.ticks - before.get(key, 0)

    def _memory_exceeded(self, processes: list[Process]) -> bool:
        limit = self._limits["memory_bytes"]
        held = 0 if self._is_bare else memory_of_namespace()
        held += memory_of_processes(processes) + sum(memory_of_names(place) for place in self._memory_file_systems)
        if held + sum(process.resident_bytes for process in processes) <= limit:
            return False
        # Shared pages were counted once for each process; looking closer is slow, so it is done only now.
        return held + sum(process.shared_out_bytes() for process in processes) > limit

    def _workspace_exceeded(self, processes: list[Process]) -> bool:
        limit = int(self._limits["workspace_bytes"])
        is_urgent = self._size.could_exceed(limit)
        if not is_urgent and time.monotonic() < self._size.due_at:
            return False
        deadline = time.monotonic() + (_URGENT_SLICE_SECONDS if is_urgent else _SLICE_SECONDS)
        if not self._size.measure(deadline, limit):
            return False
        self._size.due_at = time.monotonic() + self._size.spent_seconds / _SCAN_SHARE
        unlinked = sum(process.unlinked_bytes(self._size.device) for process in processes)
        self._size.finish(unlinked)
        if self._size.known_bytes > limit:
            return True
        if self._size.unexplained_bytes <= limit:
            return False
        # Other programs may have filled the disk; who hides nothing is not blamed for it.
        device = self._size.device
        return self._size.has_hidden or any(process.can_hide_files(device) for process in processes)
