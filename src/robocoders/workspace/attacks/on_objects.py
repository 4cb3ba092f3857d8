"""Attempts to hold objects and devices of the kernel that reach beyond a seal."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_OBJECTS"]

ON_OBJECTS: tuple[Attempt, ...] = (
    Attempt(
        "kernel.bpf",
        "load a program or a table into the kernel",
        Sign.PRIVILEGED,
        """
kept = []
attributes = ctypes.create_string_buffer(128)
struct.pack_into("=IIII", attributes, 0, 2, 4, 8, 1)
with tried():
    kept.append(call("bpf", 0, attributes, 72))
instructions = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))
licence = ctypes.create_string_buffer(b"GPL")
attributes = ctypes.create_string_buffer(128)
struct.pack_into("=IIQQ", attributes, 0, 1, 2, ctypes.addressof(instructions), ctypes.addressof(licence))
with tried():
    kept.append(call("bpf", 5, attributes, 72))
if kept:
    hold()
""",
        "python",
        shows="bpf",
    ),
    Attempt(
        "kernel.io-uring",
        "have calls made by a queue, past the filter",
        Sign.PRIVILEGED,
        """
with tried():
    kept = call("io_uring_setup", 8, ctypes.create_string_buffer(120))
    hold()
""",
        "python",
        shows="io_uring",
    ),
    Attempt(
        "kernel.performance-events",
        "watch the machine by performance counters",
        Sign.PRIVILEGED,
        """
for flags in (0, 1 << 5 | 1 << 6, 1 << 5):
    with tried():
        attributes = ctypes.create_string_buffer(struct.pack("=IIQQQQQ", 1, 112, 1, 0, 0, 0, flags).ljust(112, bytes(1)))
        kept = call("perf_event_open", attributes, 0, -1, -1, 0)
        hold()
""",
        "python",
        shows="perf_event",
    ),
    Attempt(
        "kernel.page-faults",
        "hold up the kernel by answering its page faults",
        Sign.PRIVILEGED,
        """
with tried():
    kept = call("userfaultfd", 0)
    hold()
with tried():
    kept = call("userfaultfd", 1)
    hold()
""",
        "python",
        shows="userfaultfd",
    ),
    Attempt(
        "kernel.watch-files",
        "watch everything that is opened on a file system",
        Sign.PRIVILEGED,
        """
for flags in (0, 0x200, 0xC00):
    with tried():
        kept = call("fanotify_init", flags, os.O_RDONLY)
        hold()
""",
        "python",
        shows="fanotify",
    ),
    Attempt(
        "kernel.devices",
        "open the disk, the memory and the messages of the machine",
        Sign.PRIVILEGED,
        """
kept = []
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0", "/dev/vsock"):
    with tried():
        kept.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
if kept:
    hold()
""",
        "python",
        shows="the device",
    ),
    Attempt(
        "kernel.device-nodes",
        "make the devices of disk and memory, and open them",
        Sign.PRIVILEGED,
        """
kept = []
kinds = [(0o60600, 254, 0), (0o60600, 8, 0), (0o60600, 7, 0), (0o20600, 1, 1), (0o20600, 1, 11), (0o20600, 1, 4)]
for place in (".", env["TEMPORARY"], "/dev", "/dev/shm", env.get("HOME", ".")):
    for kind, major, minor in kinds:
        with tried():
            path = f"{place}/{MARK}-{kind}-{major}-{minor}"
            os.mknod(path, kind, os.makedev(major, minor))
            kept.append(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
if kept:
    hold()
""",
        "python",
        shows="the device",
    ),
    Attempt(
        "kernel.files",
        "open the kernel's files to write: /proc/sys, /sys, the trigger of emergencies, the image of its memory",
        Sign.PRIVILEGED,
        """
kept = []
for path in (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger",
    "/sys/kernel/mm/ksm/run", "/sys/power/state", "/sys/kernel/mm/transparent_hugepage/enabled",
):
    with tried():
        kept.append(os.open(path, os.O_WRONLY))
with tried():
    kept.append(os.open("/proc/kcore", os.O_RDONLY))
if kept:
    hold()
""",
        "python",
        shows="a file of the kernel",
    ),
    Attempt(
        "kernel.control-groups",
        "leave its control group, or lift its limits",
        Sign.EXCEEDED,
        """
for folder, _, names in os.walk("/sys/fs/cgroup"):
    for name, value in (("cgroup.procs", "0"), ("memory.max", "max"), ("pids.max", "max")):
        if name in names:
            with tried():
                open(f"{folder}/{name}", "w").write(value)
import resource
for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
    with tried():
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
parts = [bytearray(os.urandom(1) * (32 << 20)) for _ in range(32)]
hold()
""",
        "python",
        shows="memory",
    ),
)
