"""Looking at the processes of a seal from the host, while an attempt runs."""

# ruff: noqa: PTH208 -- names are wanted, not paths

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from robocoders.workspace.attacks.inspecting import Inspector
from robocoders.workspace.seal import arguments

__all__ = ["Peaks", "Sampler", "free_bytes", "is_alive", "wait_until_gone"]

_INTERVAL_SECONDS = 0.03
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_MOST_INSPECTED = 24
_NAME_BYTES = 1024


class Peaks:
    """The most that was measured."""

    def __init__(self) -> None:
        self.processes = 0
        self.memory_bytes = 0
        self.disk_bytes = 0
        self.server_bytes = 0
        self.ticks: dict[tuple[int, int], int] = {}
        self.lowest_free_bytes = 1 << 62

    @property
    def cpu_seconds(self) -> float:
        """Of all processes that were seen, as they were seen last."""
        return sum(self.ticks.values()) / _TICKS


class Sampler(threading.Thread):
    """Samples until it is stopped. The tree of this process is looked at, without what ran in it before.

    Made before the seal is: whatever this process had started by then is none of the seal's, nor is what comes of it.

    Args:
        excluded: A process that is none of the seal's, whenever it was started.
        directory: On the file system that may be filled.
        is_sealed: Whether there are namespaces to find the seal by.
        measures_memory: Whether memory is measured closely, which is slow.
    """

    def __init__(self, excluded: int, directory: Path, *, is_sealed: bool, measures_memory: bool) -> None:
        super().__init__(daemon=True)
        self._excluded = frozenset({excluded})
        self._excluded |= frozenset(self._tree())
        # A descriptor: an attempt may move or remove the directory.
        self._place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._is_sealed = is_sealed
        self._measures_memory = measures_memory
        self._stopped = threading.Event()
        self._kernel_bytes = _kernel_bytes()
        self._own_bytes = _resident(os.getpid())
        self.seen: dict[int, int] = {}
        """Processes of the seal: when each was started, by number."""
        self.peaks = Peaks()
        self.inspector = Inspector()

    def run(self) -> None:
        """Sample."""
        while not self._stopped.wait(_INTERVAL_SECONDS):
            self.sample()

    def stop(self) -> None:
        """Sample once more, and end."""
        self._stopped.set()
        self.join()
        self.sample()
        os.close(self._place)

    def sample(self) -> None:
        """Look once."""
        tree = self._tree()
        for pid, fields in tree.items():
            started = int(fields[19])
            self.seen[pid] = started
            self.peaks.ticks[pid, started] = int(fields[11]) + int(fields[12])
        first = self._first(tree)
        inside = [pid for pid in _below(tree, first) if pid != first] if first else []
        peaks = self.peaks
        peaks.processes = max(peaks.processes, sum(int(tree[pid][17]) for pid in inside))
        peaks.server_bytes = max(peaks.server_bytes, _resident(os.getpid()) - self._own_bytes)
        peaks.lowest_free_bytes = min(peaks.lowest_free_bytes, free_bytes(self._place))
        if first and self._measures_memory:
            peaks.memory_bytes = max(peaks.memory_bytes, self._memory(first, inside))
        for pid in inside[:_MOST_INSPECTED]:
            self.inspector.inspect(pid, first)

    def _tree(self) -> dict[int, list[str]]:
        everything = dict(_processes())
        parents = {pid: int(fields[1]) for pid, fields in everything.items()}
        own = os.getpid()
        return {
            pid: fields
            for pid, fields in everything.items()
            if pid != own and own in (above := list(_ancestors(pid, parents))) and self._excluded.isdisjoint(above)
        }

    def _first(self, tree: dict[int, list[str]]) -> int:
        """The supervisor: process 1 of another namespace, or where nothing is sealed our child."""
        for pid, fields in tree.items():
            if not self._is_sealed:
                if int(fields[1]) == os.getpid():
                    return pid
            else:
                with contextlib.suppress(OSError, IndexError):
                    numbers = _line(pid, "NSpid").split()
                    if len(numbers) > 1 and numbers[-1] == "1" and "bwrap" not in _line(pid, "Name"):
                        return pid
        return 0

    def _memory(self, first: int, inside: list[int]) -> int:
        held = max(_kernel_bytes() - self._kernel_bytes, 0)
        if self._is_sealed:
            for place in arguments.memory_file_systems():
                with contextlib.suppress(OSError):
                    status = os.statvfs(f"/proc/{first}/root{place}")
                    held += (status.f_blocks - status.f_bfree) * status.f_frsize
        return held + sum(_proportional(pid) for pid in inside)


def free_bytes(place: int | Path) -> int:
    """What is free on the file system of a directory; a name takes some, too."""
    status = os.statvfs(place)
    return status.f_bfree * status.f_frsize + status.f_ffree * _NAME_BYTES


def is_alive(pid: int, started: int) -> bool:
    """Whether this very process is there, and no dead one that waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[19]) == started and fields[0] not in "ZX"


def wait_until_gone(seen: dict[int, int], seconds: float) -> list[int]:
    """Processes that are alive after this time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    left = [pid for pid, started in seen.items() if is_alive(pid, started)]
    while left and time.monotonic() < deadline:
        pause.wait(0.02)
        left = [pid for pid in left if is_alive(pid, seen[pid])]
    return left


def _processes() -> Iterator[tuple[int, list[str]]]:
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                content = Path(f"/proc/{name}/stat").read_bytes()
                yield int(name), content[content.rindex(b")") + 2 :].decode().split()


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        yield pid
        pid = parents[pid]
    yield pid


def _below(tree: dict[int, list[str]], top: int) -> list[int]:
    parents = {pid: int(fields[1]) for pid, fields in tree.items()}
    return [pid for pid in tree if top in _ancestors(pid, parents)]


def _line(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2]
    return ""


def _proportional(pid: int) -> int:
    """Memory with each shared page divided by those who share it, and the tables of pages."""
    size = 0
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                size += int(line.split()[1]) * 1024
    return size


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _kernel_bytes() -> int:
    """What the kernel holds for processes besides their pages: tables, buffers, objects (proc_meminfo(5))."""
    wanted = ("PageTables:", "SUnreclaim:", "VmallocUsed:", "SecPageTables:")
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))
