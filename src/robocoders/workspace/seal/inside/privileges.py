"""The last steps before the first command: the workspace in its place, no privileges, the filter on system calls."""

# ruff: noqa: PTH112, PTH123 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import ctypes
import os

__all__ = ["become_reaper", "enter", "restore_signals"]

# linux/prctl.h, linux/capability.h, linux/mount.h
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_AT_FDCWD = -100
_SYS_MOVE_MOUNT = 429  # the same on every architecture: it is younger than their common numbering
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REMOUNT = 1, 2, 4, 8, 4096, 32
_HIGHEST_CAPABILITY = 63
_CHANGED_BY_PYTHON = (2, 13, 25)
"""SIGINT, SIGPIPE, SIGXFSZ: the interpreter handles or ignores them."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restore_signals() -> None:
    """Give signals their usual meaning again; the module `signal` would do it, too, but takes long to load."""
    _libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    for number in _CHANGED_BY_PYTHON:
        _libc.signal(number, None)


def become_reaper() -> None:
    """Orphans become children of this process (without a process namespace of its own)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def enter(mount: int, root: str, masked: tuple[str, ...], identity: tuple[int, int] | None, seccomp: bytes) -> None:
    """Take away what commands must not have, from this process and so from all that it starts.

    Args:
        mount: The descriptor of a detached mount of the workspace, -1 where it is in its place already.
        root: The workspace's place.
        masked: Paths that are hidden by an empty, unreadable directory, where `mount` is given.
        identity: User and group to change to, None where this process has them already.
        seccomp: The filter's instructions.

    Raises:
        OSError: One of the steps failed, or did not have its effect. Nothing may be run then.
    """
    if mount >= 0:
        _call(_libc.syscall(_SYS_MOVE_MOUNT, mount, b"", _AT_FDCWD, os.fsencode(root), _MOVE_MOUNT_F_EMPTY_PATH))
        os.close(mount)
        for path in masked:
            _mask(path)
    if identity is not None:
        user, group = identity
        for capability in range(_HIGHEST_CAPABILITY + 1):
            # The kernel knows fewer: it refuses those above its last one.
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call(_libc.capset(header, (ctypes.c_uint32 * 6)()))
    # Nobody of the same user may look into this process or change its memory.
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    program = _Filter(len(seccomp) // 8, seccomp)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
    _check()


def _mask(path: str) -> None:
    place = os.fsencode(path)
    if os.path.isdir(path):
        flags = _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
        _call(_libc.mount(b"tmpfs", place, b"tmpfs", flags, b"size=4k,mode=000"))
    elif os.path.lexists(path):
        _call(_libc.mount(b"/dev/null", place, None, _MS_BIND, None))


def _check() -> None:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    capabilities = [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
    if any(int(value, 16) for value in capabilities) or status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
        raise PermissionError("privileges are left")


def _prctl(option: int, *arguments: object) -> None:
    _call(_libc.prctl(option, *arguments, *([0] * (4 - len(arguments)))))


def _call(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
