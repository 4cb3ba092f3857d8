"""Which system calls are denied inside of a seal, why, and on whose experience.

Sources: MOBY is the default profile of Moby (Docker), `profiles/seccomp/default.json`, which denies these without extra
capabilities; FLATPAK is `common/flatpak-run.c` (`setup_seccomp`); NIX is the sandbox of the Nix daemon, which refuses
set-user-id files; MAN is the Linux manual page of the call. Everything else is allowed: a seal runs compilers, test
suites and servers, and what these may reach is decided by namespaces, not here.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

__all__ = ["DENIALS", "OF_UNCOUNTED_MEMORY", "Denial"]

_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h)."""
_NEW_TIME = 0x80
_SET_ID = 0o6000
_CREATING = 0o100 | 0o20000000
"""O_CREAT, and the bit of O_TMPFILE that is its own (asm-generic/fcntl.h)."""
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK, _NETLINK_ROUTE = 1, 2, 10, 16, 0
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Denial:
    """System calls that fail, always or by an argument.

    Args:
        calls: Their names.
        reason: What they would be good for.
        source: Who denies them, too.
        error: The errno they fail with; 0 pretends success.
        argument: The argument that decides, None where the call is always denied.
        any_bit: Denied where one of these bits is set in the argument.
        equal: Denied where the argument is one of these.
        other_than: Denied where the argument is none of these.
        only_if: Another argument and bits of it, one of which must be set for the rule to hold.
        only_equal: Another argument and the value that it must have for the rule to hold.
    """

    calls: tuple[str, ...]
    reason: str
    source: str
    error: int = errno.EPERM
    argument: int | None = None
    any_bit: int = 0
    equal: tuple[int, ...] = ()
    other_than: tuple[int, ...] = ()
    only_if: tuple[int, int] | None = None
    only_equal: tuple[int, int] | None = None


DENIALS: tuple[Denial, ...] = (
    Denial(
        ("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
        "reach into other processes: their memory, registers and descriptors",
        "MOBY, FLATPAK",
    ),
    Denial(
        ("io_uring_setup", "io_uring_enter", "io_uring_register"),
        "do by a queue what is denied as a call; a long record of kernel defects",
        "MOBY since 25.0",
        errno.ENOSYS,
    ),
    Denial(
        ("bpf", "perf_event_open", "userfaultfd", "lookup_dcookie"), "look into and hook the kernel", "MOBY, FLATPAK"
    ),
    Denial(
        ("keyctl", "add_key", "request_key"), "reach the kernel's key rings, which are not namespaced", "MOBY, FLATPAK"
    ),
    Denial(
        (
            "mount",
            "umount2",
            "pivot_root",
            "chroot",
            "open_tree",
            "open_tree_attr",
            "move_mount",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
            "mount_setattr",
        ),
        "change what lies where",
        "MOBY, FLATPAK",
    ),
    Denial(("setns",), "enter other namespaces", "MOBY"),
    Denial(
        ("unshare",),
        "make namespaces, and with them capabilities",
        "MOBY, FLATPAK",
        argument=0,
        any_bit=_NAMESPACES | _NEW_TIME,
    ),
    Denial(("clone",), "make namespaces, and with them capabilities", "MOBY, FLATPAK", argument=0, any_bit=_NAMESPACES),
    Denial(
        ("clone3",),
        "its flags lie in memory, where a filter cannot see them; C libraries fall back to clone",
        "MOBY, FLATPAK",
        errno.ENOSYS,
    ),
    Denial(
        ("name_to_handle_at", "open_by_handle_at"),
        "open files by number, past every directory above them",
        "MOBY; MAN open_by_handle_at(2)",
    ),
    Denial(("init_module", "finit_module", "delete_module"), "load code into the kernel", "MOBY"),
    Denial(("kexec_load", "kexec_file_load", "reboot"), "start another kernel", "MOBY"),
    Denial(("iopl", "ioperm"), "reach the hardware's ports", "MOBY"),
    Denial(("swapon", "swapoff", "acct", "quotactl", "quotactl_fd"), "administer the machine", "MOBY, FLATPAK"),
    Denial(("settimeofday", "clock_settime", "syslog", "vhangup"), "administer the machine", "MOBY, FLATPAK"),
    Denial(("fanotify_init",), "watch a whole file system", "MOBY"),
    Denial(("mbind", "set_mempolicy", "migrate_pages", "move_pages"), "steer other processes' memory", "MOBY, FLATPAK"),
    Denial(
        ("fallocate",),
        "take the whole disk in an instant, before a watcher looks; C libraries write instead",
        "MAN posix_fallocate(3)",
        errno.EOPNOTSUPP,
    ),
    Denial(("modify_ldt", "uselib"), "old ways into the kernel", "FLATPAK"),
    Denial(("memfd_secret",), "memory that nobody can count", "MAN memfd_secret(2)", errno.ENOSYS),
    Denial(
        ("ioctl",),
        "push characters into the terminal of somebody else",
        "FLATPAK; CVE-2017-5226",
        argument=1,
        equal=(_TIOCSTI, _TIOCLINUX),
    ),
    Denial(
        ("socket", "socketpair"),
        "other families (vsock, packet, alg, bluetooth, ...) are not namespaced or not needed",
        "FLATPAK",
        errno.EAFNOSUPPORT,
        argument=0,
        other_than=(_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK),
    ),
    Denial(
        ("socket",),
        "of netlink, programs need to see their interfaces and nothing else",
        "FLATPAK",
        errno.EPROTONOSUPPORT,
        argument=2,
        other_than=(_NETLINK_ROUTE,),
        only_equal=(0, _AF_NETLINK),
    ),
    Denial(
        ("chmod", "fchmod"), "leave a set-user-id program behind in the workspace", "NIX", argument=1, any_bit=_SET_ID
    ),
    Denial(("fchmodat", "mknodat"), "the same", "NIX", argument=2, any_bit=_SET_ID),
    Denial(("mknod", "creat"), "the same", "NIX", argument=1, any_bit=_SET_ID),
    Denial(("open",), "the same, at creation", "NIX", argument=2, any_bit=_SET_ID, only_if=(1, _CREATING)),
    Denial(("openat",), "the same, at creation", "NIX", argument=3, any_bit=_SET_ID, only_if=(2, _CREATING)),
    Denial(("openat2", "fchmodat2"), "the same; programs fall back to the older calls", "NIX", errno.ENOSYS),
    Denial(
        ("prctl",),
        "hide from the watcher which files are open; pretended, as it is a precaution of honest programs",
        "MAN proc(5)",
        0,
        argument=0,
        equal=(_PR_SET_DUMPABLE,),
    ),
)

OF_UNCOUNTED_MEMORY = Denial(
    ("memfd_create",),
    "files in memory that no process needs to map: the watcher cannot count them; programs fall back to /dev/shm",
    "MAN memfd_create(2)",
    errno.ENOSYS,
)
"""Denied too where no control group counts memory."""
