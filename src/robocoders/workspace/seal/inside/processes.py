"""The processes of a seal, as `/proc` shows them, and how they are ended."""

# ruff: noqa: PTH116, PTH123, PTH208 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import os

__all__ = ["Process", "kill", "kill_session", "list_processes"]

_SIGKILL = 9  # `signal` takes long to load
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Process:
    """One process as it is now (proc_pid_stat(5)): times in clock ticks, memory in bytes."""

    __slots__ = (
        "address_space_bytes",
        "collected_ticks",
        "group",
        "parent",
        "pid",
        "resident_bytes",
        "session",
        "started",
        "threads",
        "ticks",
    )

    def __init__(self, pid: int, stat: str) -> None:
        # The name in parentheses may hold spaces and parentheses itself.
        fields = stat[stat.rindex(")") + 2 :].split()
        self.pid = pid
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.ticks = int(fields[11]) + int(fields[12])
        self.collected_ticks = int(fields[13]) + int(fields[14])
        """Of its children that ended, as far as it waited for them."""
        self.threads = int(fields[17])
        self.started = int(fields[19])
        self.address_space_bytes = int(fields[20])
        self.resident_bytes = int(fields[21]) * _PAGE_BYTES

    def shared_out_bytes(self) -> int:
        """Its memory with each shared page divided by those who share it; the resident size where that is hidden."""
        try:
            with open(f"/proc/{self.pid}/smaps_rollup", "rb") as file:
                for line in file:
                    if line.startswith(b"Pss:"):
                        return int(line.split()[1]) * 1024
        except OSError:
            pass
        return self.resident_bytes

    def unlinked_bytes(self, device: int) -> int:
        """What its open files hold on a device that no name leads to any more."""
        held = 0
        folder = f"/proc/{self.pid}/fd"
        try:
            for name in os.listdir(folder):
                status = os.stat(f"{folder}/{name}")
                if status.st_nlink == 0 and status.st_dev == device:
                    held += status.st_blocks * 512
        except OSError:
            pass
        return held

    def can_hide_files(self, device: int) -> bool:
        """Whether it may hold files of a device that nobody can find.

        It cannot be looked into, it has them mapped without a name, or they are on their way through its sockets.
        """
        folder = f"/proc/{self.pid}"
        wanted = f"{os.major(device):02x}:{os.minor(device):02x}"
        try:
            with open(f"{folder}/maps", encoding="utf-8", errors="replace") as file:
                if any(line.rstrip().endswith("(deleted)") and line.split()[3] == wanted for line in file):
                    return True
            for name in os.listdir(f"{folder}/fdinfo"):
                with open(f"{folder}/fdinfo/{name}", "rb") as file:
                    if any(line.startswith(b"scm_fds:") and int(line.split()[1]) for line in file):
                        return True
        except FileNotFoundError:
            # It has ended, or closed a descriptor meanwhile.
            return False
        except OSError:
            return True
        return False


def list_processes(*, only_descendants: bool) -> list[Process]:
    """All processes in sight but this one.

    Args:
        only_descendants: Leave out what this process did not start (where it has no process namespace of its own).
    """
    own = os.getpid()
    found: list[Process] = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != own:
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    found.append(Process(int(name), file.read()))
            except OSError:
                continue
    return _descendants(found, own) if only_descendants else found


def _descendants(processes: list[Process], ancestor: int) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += [process.pid for process in below]
    return found


def kill_session(leader: int, *, only_descendants: bool) -> None:
    """Kill a command with all that it did not detach into a session of its own."""
    for process in list_processes(only_descendants=only_descendants):
        if process.session == leader:
            kill(process.pid)
    kill(leader)


def kill(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:  # noqa: SIM105 -- contextlib takes long to load
        os.kill(pid, _SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
