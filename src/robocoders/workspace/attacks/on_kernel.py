"""Attempts to get rights: namespaces, mounts, capabilities, users, and calls of other architectures."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_KERNEL"]

ON_KERNEL: tuple[Attempt, ...] = (
    Attempt(
        "rights.user-namespace",
        "make a user namespace, and be root in it",
        Sign.PRIVILEGED,
        "unshare --user --map-root-user sleep 0.5; unshare -U sleep 0.5; unshare -rmpf sleep 0.5",
        shows="namespace user",
    ),
    Attempt(
        "rights.namespace-by-clone",
        "make namespaces with a new process",
        Sign.PRIVILEGED,
        """
for flags in (0x10000000, 0x10000000 | 0x20000, 0x10000000 | 0x40000000, 0x10000000 | 1 << 40):
    with tried():
        pid = call("clone", flags | 17, 0, 0, 0, 0)
        if pid == 0:
            hold()
            os._exit(0)
        os.waitpid(pid, 0)
""",
        "python",
        shows="namespace user",
    ),
    Attempt(
        "rights.namespace-by-clone3",
        "make namespaces by the call whose flags lie in memory",
        Sign.PRIVILEGED,
        """
for flags in (0x10000000, 0x10020000, 0x80):
    with tried():
        pid = call("clone3", ctypes.create_string_buffer(struct.pack("=11Q", flags, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)), 88)
        if pid == 0:
            hold()
            os._exit(0)
        os.waitpid(pid, 0)
""",
        "python",
        shows="namespace user",
    ),
    Attempt(
        "rights.namespace-one-by-one",
        "make each other kind of namespace",
        Sign.PRIVILEGED,
        """
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x40000000, 0x20000000, 0x80):
    def work():
        call("unshare", flag)
        hold(0.2)
    with tried():
        os.waitpid(child(work), 0)
""",
        "python",
        shows="namespace",
    ),
    Attempt(
        "rights.namespace-by-i386",
        "make a user namespace by a call of another architecture",
        Sign.PRIVILEGED,
        """
with tried():
    i386(310, 0x10000000)
    hold()
""",
        "python",
        shows="namespace user",
    ),
    Attempt(
        "rights.namespace-by-x32",
        "make a user namespace by the third numbering of calls that x86-64 has",
        Sign.PRIVILEGED,
        """
with tried():
    raw(0x40000000 | CALLS["unshare"], 0x10000000)
    hold()
with tried():
    raw(CALLS["unshare"] | 1 << 32, 0x10000000)
    hold()
""",
        "python",
        shows="namespace user",
        bare="few kernels have this numbering; the sign is proved by the others",
    ),
    Attempt(
        "rights.enter-namespaces",
        "enter the namespaces of other processes",
        Sign.PRIVILEGED,
        """
for pid in others():
    for kind in ("user", "mnt", "net", "ipc", "uts", "pid", "cgroup"):
        with tried():
            call("setns", os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0)
    with tried():
        call("setns", os.pidfd_open(pid), 0x10000000 | 0x20000)
        hold()
""",
        "python",
        shows="namespace",
        bare="a bare process is in the host's namespaces already; the sign is proved by making some",
    ),
    Attempt(
        "rights.mount",
        "mount file systems over the workspace and the system",
        Sign.PRIVILEGED,
        """
os.mkdir("m")
mounted = False
for kind in (b"tmpfs", b"proc", b"sysfs", b"devpts", b"overlay", b"ramfs"):
    with tried():
        call("mount", kind, b"m", kind, 0, b"")
        mounted = True
        hold()
        call("umount2", b"m", 2)
""",
        "python",
        shows="other mounts",
        bare="it would mount on this machine; the sign is proved by a namespace of its own",
    ),
    Attempt(
        "rights.new-mount-calls",
        "mount by the new calls: fsopen, fsmount, open_tree, move_mount",
        Sign.PRIVILEGED,
        """
kept = []
with tried():
    kept.append(call("fsopen", b"tmpfs", 0))
    hold()
with tried():
    kept.append(call("open_tree", -100, b"/", 1))
    hold()
with tried():
    call("mount_setattr", -100, b"/", 0, struct.pack("=QQQQ", 0, 1, 0, 0), 32)
""",
        "python",
        shows="fscontext",
    ),
    Attempt(
        "rights.change-root",
        "change the root directory, and climb out of it",
        Sign.PRIVILEGED,
        """
os.mkdir("r")
with tried():
    os.chroot("r")
    child(hold)
    hold()
with tried():
    call("pivot_root", b"r", b"r")
    hold()
""",
        "python",
        shows="another root",
    ),
    Attempt(
        "rights.set-user-id-programs",
        "become somebody else by the system's own programs",
        Sign.PRIVILEGED,
        "for p in /usr/bin/su /usr/bin/sudo /usr/bin/mount /usr/bin/passwd /usr/bin/chsh /usr/bin/newgrp /usr/bin/pkexec; do "
        'test -x "$p" && { echo x | timeout 0.4 "$p" -c "sleep 0.3"; timeout 0.3 "$p"; }; done; ping -c1 -W1 127.0.0.1',
        shows="another user",
        bare="whoever is root already stays root; the sign is proved by changing the user",
    ),
    Attempt(
        "rights.become-somebody",
        "change user and group, and keep capabilities",
        Sign.PRIVILEGED,
        """
for user in (0, 65534, 60877, 12345):
    def work():
        with tried():
            libc.prctl(8, 1, 0, 0, 0)
            os.setgroups([0])
        with tried():
            os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        hold(0.2)
    with tried():
        os.waitpid(child(work), 0)
""",
        "python",
        shows="another user",
    ),
    Attempt(
        "rights.capabilities",
        "raise capabilities",
        Sign.PRIVILEGED,
        """
header = struct.pack("=Ii", 0x20080522, 0)
for mask in (0xFFFFFFFF, 1 << 21, 1 << 7, 1):
    libc.capset(header, struct.pack("=6I", mask, mask, mask, mask, mask, mask))
for capability in range(41):
    libc.prctl(47, 2, capability, 0, 0)
libc.prctl(38, 0, 0, 0, 0)
libc.prctl(28, 0, 0, 0, 0)
child(hold)
hold(0.2)
""",
        "python",
        shows="capabilities",
    ),
    Attempt(
        "rights.priority",
        "run before everybody else",
        Sign.PRIVILEGED,
        """
taken = False
for policy in (os.SCHED_FIFO, os.SCHED_RR):
    with tried():
        os.sched_setscheduler(0, policy, os.sched_param(1))
        taken = True
with tried():
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    taken = True
if taken:
    hold(0.2)
""",
        "python",
        shows="priority",
    ),
    Attempt(
        "rights.last-to-be-killed",
        "be the last that the kernel kills when memory runs out",
        Sign.PRIVILEGED,
        """
with tried():
    open("/proc/self/oom_score_adj", "w").write("-1000")
    hold()
""",
        "python",
        shows="safety",
        bare="not every machine lets its administrator do it; a test compares two processes",
    ),
)
