"""Memory that the kernel holds for processes and that no process shows as its own.

Control groups count it. A watcher finds it here, exactly where the kernel tells it, else by the most that each object
holds where nothing was set otherwise.
"""

# ruff: noqa: PTH116, PTH123 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import os

from robocoders.workspace.seal.inside.processes import Process

__all__ = ["memory_of_names", "memory_of_namespace", "memory_of_processes"]

_SEMAPHORE_BYTES = 64
_MESSAGE_BYTES = 64
_SOCKET_BYTES = 256 << 10
"""What waits in a socket of the usual size (net.core.wmem_default), with the kernel's own share."""
_FREE_SOCKETS = 64
_DESCRIPTOR_BYTES = 4096
"""A pipe has a page as soon as something was written to it."""
_FREE_DESCRIPTORS = 4096
_NAME_BYTES = 1024
_LARGE_ADDRESS_SPACE = 8 << 30
"""Below it, tables of pages take at most a 512th, which is little."""


def memory_of_namespace() -> int:
    """Bytes of System V objects, and of sockets beyond those that any program has."""
    return (
        _system_v("shm", "rss")
        + _system_v("sem", "nsems") * _SEMAPHORE_BYTES
        + _system_v("msg", "cbytes")
        + _system_v("msg", "qnum") * _MESSAGE_BYTES
        + max(_sockets() - _FREE_SOCKETS, 0) * _SOCKET_BYTES
    )


def memory_of_processes(processes: list[Process]) -> int:
    """Bytes of tables of pages, and of descriptors beyond those that any tree of programs has."""
    descriptors = tables = 0
    for process in processes:
        try:
            # The size of this directory is the number of descriptors (Linux 6.2), 0 before.
            descriptors += os.stat(f"/proc/{process.pid}/fd").st_size
            if process.address_space_bytes > _LARGE_ADDRESS_SPACE:
                tables += _page_tables(process.pid)
        except OSError:
            continue
    return tables + max(descriptors - _FREE_DESCRIPTORS, 0) * _DESCRIPTOR_BYTES


def memory_of_names(place: str) -> int:
    """Bytes of a file system in memory: of its content, and of its names, empty files' among them."""
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize + (status.f_files - status.f_ffree) * _NAME_BYTES


def _system_v(kind: str, column: str) -> int:
    try:
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as file:
            header, *rows = file.read().splitlines()
        place = header.split().index(column)
        return sum(int(row.split()[place]) for row in rows)
    except (OSError, ValueError):
        return 0


def _sockets() -> int:
    try:
        with open("/proc/net/sockstat", encoding="ascii") as file:
            return int(file.readline().split()[2])
    except (OSError, ValueError, IndexError):
        return 0


def _page_tables(pid: int) -> int:
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"VmPTE:"):
                return int(line.split()[1]) * 1024
    return 0
