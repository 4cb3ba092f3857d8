"""The command line of bubblewrap: what a seal shows and what it hides (bwrap(1))."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GROUP_INSIDE", "HOME", "USER_INSIDE", "Layout", "environment", "interpreter", "memory_file_systems"]

USER_INSIDE = 1000
GROUP_INSIDE = 1000
HOME = "/home/user"
TEMPORARY = str(Path("/", "tmp"))
"""The seal's own, in memory."""
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 -- the seal's own, in memory
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_SETTINGS = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
)
"""What programs need of the host's settings and everybody may know."""
_NEVER_A_WORKSPACE = (
    "/",
    "/usr",
    "/etc",
    "/bin",
    "/lib",
    "/lib64",
    "/proc",
    "/dev",
    "/sys",
    "/run",
    "/home",
    TEMPORARY,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a seal is made of.

    Args:
        root: The workspace's own path, without links; it is the same inside, so that paths mean the same to all.
        masked: Paths that are hidden, those outside of the root included.
        network: Whether the host's network is shared.
        settings: Files of `/etc` of the seal's own: path and descriptor.
        memory_bytes: The most that each private file system in memory may hold.
        is_mounted_inside: Whether the supervisor puts the workspace into its place (and masks what is in it).
    """

    root: str
    masked: tuple[str, ...]
    network: bool
    settings: tuple[tuple[str, int], ...]
    memory_bytes: int
    is_mounted_inside: bool

    def arguments(self) -> list[str]:
        """Everything between bubblewrap's name and the command."""
        words = ["--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
        words += ["--hostname", "seal"]
        if self.network:
            words.append("--share-net")
        words += _system()
        words += ["--proc", "/proc", "--dev", "/dev"]
        for place in memory_file_systems():
            words += ["--perms", "1777", "--size", str(self.memory_bytes), "--tmpfs", place]
        words += [*_above("/etc/mtab"), "--symlink", "/proc/self/mounts", "/etc/mtab"]
        for path in _SETTINGS:
            if Path(path).exists():
                words += [*_above(path), "--ro-bind", path, path]
        for path, descriptor in self.settings:
            words += ["--perms", "0444", "--ro-bind-data", str(descriptor), path]
        for prefix in _prefixes():
            words += [*_above(prefix), "--ro-bind", prefix, prefix]
        words += _above(self.root)
        words += self._workspace()
        return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]

    def _workspace(self) -> list[str]:
        if self.is_mounted_inside:
            return ["--dir", self.root]
        words = ["--bind", self.root, self.root]
        for path in self.masked:
            if Path(path).is_dir():
                words += ["--perms", "0000", "--size", "4096", "--tmpfs", path, "--remount-ro", path]
            elif os.path.lexists(path):
                words += ["--ro-bind", os.devnull, path]
        return words


def memory_file_systems() -> tuple[str, ...]:
    """Places that are private file systems in memory."""
    return (TEMPORARY, _SHARED_MEMORY, HOME)


def refusal(root: str) -> str | None:
    """Why a directory cannot be a workspace: it would lie over the system inside of the seal."""
    if root in _NEVER_A_WORKSPACE or root.startswith(("/proc/", "/dev/", "/sys/", "/usr/bin", "/usr/lib")):
        return f"{root} is a directory of the system."
    return None


def _system() -> list[str]:
    words: list[str] = []
    for path in _SYSTEM:
        if Path(path).is_symlink():
            words += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).is_dir():
            words += ["--ro-bind", path, path]
    return words


def _above(path: str) -> list[str]:
    """Make the directories above a path so that everybody may pass them: bubblewrap makes some for their owner only."""
    parents = [str(parent) for parent in reversed(Path(path).parents)][1:]
    return [word for parent in parents for word in ("--perms", "0755", "--dir", parent)]


def _prefixes() -> list[str]:
    """Where the server's interpreter lies, if not among the system's programs."""
    found = {os.path.realpath(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix)}
    return sorted(
        prefix
        for prefix in found
        if not prefix.startswith(("/usr/", "/nix/store/", "/gnu/store/")) and prefix != "/usr"
    )


def interpreter() -> str:
    """The server's interpreter itself, not that of a virtual environment, which is not to be seen inside."""
    named = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    return os.path.realpath(named if named.exists() else sys.executable)


def environment() -> dict[str, str]:
    """The variables of every command; nothing of the server's own."""
    folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    folders += [f"{prefix}/bin" for prefix in _prefixes()]
    return {
        "PATH": ":".join(folders),
        "HOME": HOME,
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": shell(),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": TEMPORARY,
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
    }


def shell() -> str:
    """The shell of commands given as text: bash where there is one, as most scripts expect it."""
    return next((path for path in ("/bin/bash", "/usr/bin/bash") if os.access(path, os.X_OK)), "/bin/sh")


def bare_environment() -> dict[str, str]:
    """The variables of commands that are not sealed: the host's programs, but none of the server's secrets."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    general = {name: value for name, value in environment().items() if name not in kept}
    return {**general, "PATH": os.defpath, **own}
