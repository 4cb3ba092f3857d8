"""What a process of a seal has that a seal does not give."""

# ruff: noqa: PTH208 -- names are wanted, not paths

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

__all__ = ["Inspector"]

_NAMESPACES = ("user", "mnt", "net", "ipc", "uts", "cgroup", "time")
_OBJECTS = ("io_uring", "bpf", "perf_event", "userfaultfd", "fanotify", "fscontext")
_DEVICES = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)}
"""null, zero, full, random, urandom, tty, ptmx (Documentation/admin-guide/devices.txt of Linux)."""
_PSEUDO_TERMINALS = range(136, 144)
_PROTOCOLS = ("UNIX", "TCP", "UDP", "NETLINK", "PING", "MPTCP")
_KERNEL_FILES = ("/sys/kernel/", "/sys/power/", "/sys/vm/", "/sysrq-trigger", "/kernel/mm/", "/power/state")
_MOST_DESCRIPTORS = 48


class Inspector:
    """Collects what it finds, in words, each once."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._unfiltered: set[str] = set()
        self.inspected = 0
        """How many processes it could look into."""

    def inspect(self, pid: int, first: int) -> None:
        """Compare a process with the first of its seal. What ended meanwhile is passed over."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            own, other = _status(pid), _status(first)
            if "VmRSS" not in own:
                return  # It is ending: it has given back what it had, its filter too.
            self._compare_rights(own, other)
            self._compare_places(pid, first)
            self._compare_schedule(pid, first)
            self._look_at_descriptors(pid)
            if other["TracerPid"] != "0":
                self.found.add("the seal's first process is traced")
            self.inspected += 1

    def _compare_rights(self, own: dict[str, str], other: dict[str, str]) -> None:
        if any(int(own[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")):
            self.found.add("capabilities")
        if own["Uid"] != other["Uid"] or own["Gid"] != other["Gid"]:
            self.found.add("another user")
        if own.get("Seccomp") == other.get("Seccomp"):
            self._unfiltered.discard(own["Pid"])
        elif own["Pid"] in self._unfiltered:
            self.found.add("no filter on system calls")
        else:
            # One that is being ended for a denied call has none, for a moment.
            self._unfiltered.add(own["Pid"])

    def _compare_places(self, pid: int, first: int) -> None:
        for name in _NAMESPACES:
            with contextlib.suppress(FileNotFoundError):
                # The namespace of a kernel that has no such is missing.
                if _link(pid, f"ns/{name}") != _link(first, f"ns/{name}"):
                    self.found.add(f"namespace {name}")
        if _link(pid, "root") != _link(first, "root"):
            self.found.add("another root")
        if len(_lines(pid, "mountinfo")) != len(_lines(first, "mountinfo")):
            self.found.add("other mounts")
        if any(not line.lstrip().startswith("lo:") for line in _lines(pid, "net/dev")[2:]):
            self.found.add("network interfaces of the host")

    def _compare_schedule(self, pid: int, first: int) -> None:
        own, other = (_lines(number, "stat")[0].rpartition(")")[2].split() for number in (pid, first))
        if own[38] in {"1", "2", "6"} or int(own[16]) < int(other[16]):
            self.found.add("a priority above all others")
        if int(_lines(pid, "oom_score_adj")[0]) < int(_lines(first, "oom_score_adj")[0]):
            self.found.add("safety from the kernel's choice when memory runs out")

    def _look_at_descriptors(self, pid: int) -> None:
        folder = f"/proc/{pid}/fd"
        for name in sorted(os.listdir(folder))[:_MOST_DESCRIPTORS]:
            path = f"{folder}/{name}"
            with contextlib.suppress(OSError):
                self._look_at_descriptor(path, pid, name)

    def _look_at_descriptor(self, path: str, pid: int, name: str) -> None:
        target = str(Path(path).readlink())
        status = os.stat(path)  # noqa: PTH116 -- pathlib would take the link's text for a path
        if target.startswith("anon_inode:"):
            self.found.update(word for word in _OBJECTS if word in target)
        elif stat.S_ISSOCK(status.st_mode):
            protocol = os.getxattr(path, "system.sockprotoname").rstrip(b"\0").decode()
            if not protocol.startswith(_PROTOCOLS):
                self.found.add(f"a socket of the protocol {protocol}")
        elif stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode):
            kind = os.major(status.st_rdev), os.minor(status.st_rdev)
            if stat.S_ISBLK(status.st_mode) or (kind not in _DEVICES and kind[0] not in _PSEUDO_TERMINALS):
                self.found.add(f"the device {kind[0]}:{kind[1]}")
        elif target.endswith("/kcore") or (any(part in target for part in _KERNEL_FILES) and _is_writable(pid, name)):
            self.found.add("a file of the kernel")


def _status(pid: int) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in _lines(pid, "status"))}


def _lines(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace").splitlines()


def _link(pid: int, name: str) -> str:
    return str(Path(f"/proc/{pid}/{name}").readlink())


def _is_writable(pid: int, name: str) -> bool:
    flags = next(line for line in _lines(pid, f"fdinfo/{name}") if line.startswith("flags:"))
    return int(flags.split()[1], 8) & 3 != 0
