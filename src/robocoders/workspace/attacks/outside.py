"""How the host is, before an attempt and after it."""

# ruff: noqa: PTH208 -- names are wanted, not paths

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import socket
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robocoders.workspace.attacks.attempt import Sign
from robocoders.workspace.seal import arguments

__all__ = ["LASTING", "MachineState", "machine_state", "planted", "standing", "strays", "tree_state"]

LASTING = f"/var{arguments.TEMPORARY}"
_SYSTEM_PLACES = ("/", "/dev", "/dev/shm", "/etc", "/run", "/usr", "/usr/bin", "/usr/local/bin")  # noqa: S108
_STRAY_PLACES = (arguments.TEMPORARY, LASTING, *_SYSTEM_PLACES)
_CAPABILITIES = "security.capability"


def tree_state(directory: Path, workspace: Path) -> Mapping[str, object]:
    """Kind, mode, owner, links and content of everything below a directory; of a workspace only that it is there."""
    state: dict[str, object] = {}
    for folder, names, files in os.walk(directory):
        if Path(folder) == workspace:
            names.clear()
            continue
        for name in (*names, *files):
            path = Path(folder, name)
            state[str(path.relative_to(directory))] = path == workspace or _file_state(path)
    return state


def _file_state(path: Path) -> object:
    try:
        status = path.lstat()
        content = b""
        if stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).digest()
        elif stat.S_ISLNK(status.st_mode):
            content = os.fsencode(path.readlink())
        links = 1 if stat.S_ISDIR(status.st_mode) else status.st_nlink
        return status.st_mode, status.st_uid, status.st_gid, links, content, tuple(os.listxattr(path))
    except OSError as error:
        return str(error.errno)


def strays(mark: str, directory: Path) -> list[Path]:
    """Files of the host with this mark in their names, where attempts leave them: above the scene, too."""
    places = {*_STRAY_PLACES, str(Path.home()), f"{sys.base_prefix}/bin", *map(str, directory.parents)}
    found: list[Path] = []
    for place in places:
        with contextlib.suppress(OSError):
            found += [Path(place, name) for name in os.listdir(place) if mark in name]
    return found


@dataclass(frozen=True, slots=True)
class MachineState:
    """What attempts on the system itself would change."""

    name: str
    mounts: str
    core_pattern: str
    keys: frozenset[str]
    segments: frozenset[str]
    victim: tuple[object, ...]

    def differences(self, before: MachineState) -> list[tuple[Sign, str]]:
        """In words, with what each is a sign of."""
        words = {
            "name": "the host's name",
            "mounts": "the host's mounts",
            "core_pattern": "what the kernel starts when a program crashes",
        }
        found = [(Sign.CHANGED, text) for name, text in words.items() if getattr(self, name) != getattr(before, name)]
        # Those of an earlier attempt may end meanwhile: the kernel removes them when it likes.
        if self.keys - before.keys:
            found.append((Sign.CHANGED, "a key ring of the kernel"))
        if self.segments - before.segments:
            found.append((Sign.CHANGED, "System V memory of the host"))
        if self.victim != before.victim:
            found.append((Sign.HARMED, "priority, processors or limits of the process outside"))
        return found


def machine_state(mark: str, victim: int) -> MachineState:
    """How the system is now, as far as attempts are told to change it.

    Args:
        mark: What names made by attempts contain.
        victim: The process outside.
    """
    keys = frozenset(line.split()[0] for line in _text("/proc/keys").splitlines() if mark in line)
    wanted = str(int(mark[-7:], 16))
    segments = frozenset(
        line.split()[0] for line in _text("/proc/sysvipc/shm").splitlines() if line.split()[0] == wanted
    )
    return MachineState(
        name=socket.gethostname(),
        mounts=_text("/proc/self/mountinfo"),
        core_pattern=_text("/proc/sys/kernel/core_pattern"),
        keys=keys,
        segments=segments,
        victim=_process_state(victim),
    )


def standing(mark: str) -> list[str]:
    """What is there only as long as a process of an attempt holds it: names of sockets with this mark."""
    return ["an abstract name of the host's network"] if f"@{mark}" in _text("/proc/net/unix") else []


def _process_state(pid: int) -> tuple[object, ...]:
    try:
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return limits, os.sched_getaffinity(pid), fields[15], fields[16], _text(f"/proc/{pid}/oom_score_adj")
    except (OSError, IndexError):
        return ()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def planted(workspace: Path) -> list[str]:
    """What is left in a workspace that gives rights to whoever runs or opens it.

    Raises nothing: what cannot be looked at is passed over.
    """
    found: list[str] = []
    for folder, _, files in os.walk(workspace):
        for name in files[:2000]:
            path = Path(folder, name)
            try:
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                    found.append("a set-id file")
                if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
                    found.append("a device")
                if stat.S_ISREG(mode) and _CAPABILITIES in os.listxattr(path):
                    found.append("a file with capabilities")
            except OSError:
                continue
    return found
