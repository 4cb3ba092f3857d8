"""Attempts on processes outside, and on the seal's own first process."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_PROCESSES"]

_EVERYBODY = "it would end this machine's other processes; the same sign is proved by signals to one"

ON_PROCESSES: tuple[Attempt, ...] = (
    Attempt(
        "process.signal",
        "signal the process outside by its number, its group and its session",
        Sign.HARMED,
        'for s in HUP TERM USR1 STOP KILL; do kill -$s "$VICTIM"; kill -$s "-$VICTIM"; done; kill -0 "$SERVER" && echo seen',
    ),
    Attempt(
        "process.signal-everybody",
        "signal every process there is",
        Sign.HARMED,
        "kill -USR1 -1; kill -9 -1",
        bare=_EVERYBODY,
    ),
    Attempt(
        "process.signal-visible",
        "signal every process in sight, one by one",
        Sign.HARMED,
        "for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = $$ ] || kill -9 $p; done; kill -9 1 $PPID 0",
        bare=_EVERYBODY,
    ),
    Attempt(
        "process.signal-by-descriptor",
        "signal by a descriptor of the process, and by thread",
        Sign.HARMED,
        """
with tried():
    call_number = 424
    raw(call_number, os.pidfd_open(VICTIM), signal.SIGUSR1, 0, 0)
with tried():
    raw(234 if os.uname().machine == "x86_64" else 131, VICTIM, VICTIM, signal.SIGUSR2)
with tried():
    raw(129 if os.uname().machine == "x86_64" else 138, VICTIM, signal.SIGUSR2, ctypes.create_string_buffer(128))
""",
        "python",
    ),
    Attempt(
        "process.signal-by-owner",
        "have the kernel signal it: as owner of a pipe, as reader of a lease",
        Sign.HARMED,
        """
ours, theirs = os.pipe()
with tried():
    fcntl.fcntl(ours, fcntl.F_SETOWN, VICTIM)
    fcntl.fcntl(ours, 10, signal.SIGUSR1)
    fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(theirs, b"x")
    hold(0.1)
""",
        "python",
    ),
    Attempt(
        "process.trace",
        "trace the process outside and read its memory",
        Sign.LEAKED,
        """
address = int(env["VICTIM_MEMORY"])
for pid in others():
    with tried():
        call("ptrace", 16, pid, 0, 0)
        with tried():
            os.waitpid(pid, 0x40000000)
        for place in range(0, 96, 8):
            word = ctypes.c_long()
            call("ptrace", 2, pid, address + place, ctypes.byref(word))
            give(struct.pack("=q", word.value))
        call("ptrace", 17, pid, 0, 0)
""",
        "python",
    ),
    Attempt(
        "process.read-memory",
        "copy memory out of the process outside",
        Sign.LEAKED,
        """
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
content = ctypes.create_string_buffer(256)
ours, theirs = Part(ctypes.addressof(content), 256), Part(int(env["VICTIM_MEMORY"]), 256)
for pid in others():
    with tried():
        call("process_vm_readv", pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
        give(content.raw)
""",
        "python",
    ),
    Attempt(
        "process.write-memory",
        "copy memory into the process outside",
        Sign.HARMED,
        """
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
content = ctypes.create_string_buffer(b"changed")
ours, theirs = Part(ctypes.addressof(content), 7), Part(int(env["VICTIM_MEMORY"]), 7)
for pid in others():
    with tried():
        call("process_vm_writev", pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
with tried(), open(f"/proc/{VICTIM}/mem", "r+b", buffering=0) as memory:
    memory.seek(int(env["VICTIM_MEMORY"]))
    memory.write(b"changed")
""",
        "python",
    ),
    Attempt(
        "process.take-descriptor",
        "take an open file out of the process outside",
        Sign.LEAKED,
        """
for pid in others():
    with tried():
        there = os.pidfd_open(pid)
        for number in {int(env["VICTIM_FD"]), *range(3, 24)}:
            with tried():
                give(os.pread(call("pidfd_getfd", there, number, 0), 65536, 0))
""",
        "python",
    ),
    Attempt(
        "process.change-limits",
        "change limits, priority and processors of the process outside",
        Sign.HARMED,
        """
import resource
with tried():
    resource.prlimit(VICTIM, resource.RLIMIT_NOFILE, (7, 7))
with tried():
    os.setpriority(os.PRIO_PROCESS, VICTIM, 19)
with tried():
    os.sched_setaffinity(VICTIM, {0})
with tried():
    open(f"/proc/{VICTIM}/oom_score_adj", "w").write("900")
""",
        "python",
    ),
    Attempt(
        "process.trace-the-first",
        "trace the seal's first process",
        Sign.PRIVILEGED,
        """
for pid in {1, os.getppid()}:
    for request in (16, 0x4206):
        with tried():
            call("ptrace", request, pid, 0, 0)
            child(hold)
            hold()
""",
        "python",
        shows="traced",
        bare="process 1 is this machine's; what a traced process looks like is proved by reading traced memory",
    ),
    Attempt(
        "process.stop-the-first",
        "stop the seal's first process, so that nobody watches",
        Sign.STUCK,
        "kill -STOP 1 $PPID; kill -TSTP 1 $PPID; kill -STOP -1",
        bare=_EVERYBODY,
    ),
    Attempt(
        "process.change-the-first",
        "take limits and descriptors of the seal's first process away",
        Sign.STUCK,
        """
import resource
first = os.getppid()
for kind, value in ((resource.RLIMIT_NOFILE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, 1 << 20)):
    with tried():
        resource.prlimit(first, kind, (value, value))
""",
        "python",
        bare="a bare supervisor that cannot go on is replaced; the sign is proved by a test that stops one",
    ),
    Attempt(
        "process.outlive-by-sessions",
        "leave a process in a session of its own",
        Sign.OUTLIVED,
        "setsid -f sleep 600; nohup setsid sh -c 'trap \"\" HUP TERM INT; sleep 600 & sleep 600' >/dev/null 2>&1 & disown -a",
        bare="a bare supervisor collects its descendants as well; the sign is proved by a process that a test starts",
    ),
    Attempt(
        "process.outlive-by-forks",
        "leave a process by forking twice, ten times over, deaf to all signals",
        Sign.OUTLIVED,
        """
def work():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with tried():
            signal.signal(number, signal.SIG_IGN)
    hold(600)
for _ in range(10):
    daemon(lambda: daemon(work))
""",
        "python",
        bare="as above",
    ),
    Attempt(
        "process.outlive-by-flight",
        "fork away from whoever kills, faster than processes are listed",
        Sign.OUTLIVED,
        """
def flee():
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        with tried():
            os.setsid()
for _ in range(4):
    daemon(flee)
""",
        "python",
        bare="as above",
    ),
    Attempt(
        "process.outlive-stopped",
        "leave processes that are stopped, traced by nobody and half dead",
        Sign.OUTLIVED,
        "for i in 1 2 3; do (sleep 600 & kill -STOP $!) ; done; (exec sleep 600) & kill -STOP $!; disown -a",
        bare="as above",
    ),
)
