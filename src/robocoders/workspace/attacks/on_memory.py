"""Attempts to use more memory, processes and descriptors than a seal may. Each stops by itself before it harms."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from dataclasses import replace

from robocoders.workspace.attacks.attempt import MEBIBYTE, QUICK, Attempt, Sign

__all__ = ["ON_MEMORY"]

_SMALL = replace(QUICK, memory_bytes=128 * MEBIBYTE, wall_seconds=3)
_FEW = replace(QUICK, processes=32, wall_seconds=6)
_WIDE = replace(QUICK, memory_bytes=128 * MEBIBYTE, wall_seconds=3.5, processes=128)

ON_MEMORY: tuple[Attempt, ...] = (
    Attempt(
        "memory.pages",
        "fill memory",
        Sign.EXCEEDED,
        "parts = [bytearray(b'x' * (16 << 20)) for _ in range(64)]\nhold(0.3)\n",
        "python",
        shows="memory",
        limits=_SMALL,
    ),
    Attempt(
        "memory.many-processes",
        "fill memory with many processes that have little each",
        Sign.EXCEEDED,
        """
def work():
    part = bytearray(b"x" * (24 << 20))
    hold(2)
for _ in range(48):
    child(work)
hold(1)
""",
        "python",
        shows="memory",
        limits=_SMALL,
    ),
    Attempt(
        "memory.temporary-files",
        "fill the private file systems that lie in memory",
        Sign.EXCEEDED,
        'for p in "$TEMPORARY" /dev/shm "$HOME"; do head -c 100M /dev/zero > "$p/a-$MARK"; '
        'for i in 1 2 3 4 5 6 7; do head -c 100M /dev/zero > "$p/$i-$MARK"; done; done; sleep 0.2',
        shows="memory",
        limits=replace(_SMALL, file_bytes=512 * MEBIBYTE),
        bare="it would fill this machine's own; the sign is proved by other memory",
    ),
    Attempt(
        "memory.file-names",
        "fill memory with the names of empty files",
        Sign.EXCEEDED,
        """
def work(place):
    os.chdir(place)
    os.mknod("first")
    end = time.monotonic() + 2.5
    count = 0
    while time.monotonic() < end:
        os.mknod(str(count))
        count += 1
with tried():
    child(lambda: work(env["TEMPORARY"]))
    work("/dev/shm")
hold(0.2)
""",
        "python",
        shows="memory",
        limits=replace(_SMALL, cpu_seconds=8),
        bare="it would fill this machine's own; the sign is proved by other memory",
    ),
    Attempt(
        "memory.system-v-segments",
        "fill System V memory that no process is attached to",
        Sign.EXCEEDED,
        """
libc.shmat.restype = ctypes.c_void_p
for _ in range(32):
    segment = libc.shmget(0, ctypes.c_size_t(32 << 20), 0o1600)
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 120, 32 << 20)
    libc.shmdt(ctypes.c_void_p(address))
hold(0.3)
""",
        "python",
        shows="memory",
        limits=_SMALL,
        bare="segments that nobody is attached to would stay on this machine",
    ),
    Attempt(
        "memory.semaphores",
        "fill the kernel's memory with semaphores",
        Sign.EXCEEDED,
        """
for _ in range(500):
    if libc.semget(0, 32000, 0o1600) < 0:
        break
hold(0.3)
""",
        "python",
        shows="memory",
        limits=_SMALL,
        bare="they would stay on this machine",
    ),
    Attempt(
        "memory.messages",
        "fill the kernel's memory with messages that nobody receives",
        Sign.EXCEEDED,
        """
message = struct.pack("=q", 1) + bytes(8000)
for _ in range(32000):
    queue = libc.msgget(0, 0o1600)
    if queue < 0:
        break
    libc.msgsnd(queue, message, ctypes.c_size_t(8000), 0o4000)
    libc.msgsnd(queue, message, ctypes.c_size_t(8000), 0o4000)
    libc.msgsnd(queue, message, ctypes.c_size_t(300), 0o4000)
hold(0.3)
""",
        "python",
        shows="memory",
        limits=_SMALL,
        bare="they would stay on this machine",
    ),
    Attempt(
        "memory.page-tables",
        "fill the kernel's memory with the tables of pages that are hardly there",
        Sign.EXCEEDED,
        """
for _ in range(2):
    size = 200 << 30
    address = libc.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_long(0))
    if address in (None, ctypes.c_void_p(-1).value):
        break
    libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), 15)
    for place in range(0, size, 2 << 20):
        ctypes.c_char.from_address(address + place).value
hold(0.5)
""",
        "python",
        shows="memory",
        limits=_SMALL,
    ),
    Attempt(
        "memory.socket-buffers",
        "fill the kernel's memory with words that nobody reads",
        Sign.EXCEEDED,
        """
def work():
    kept = []
    with tried():
        for _ in range(1500):
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            kept.append(pair)
            for end in pair:
                end.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        end.send(bytes(7900))
    hold(2)
for _ in range(2):
    child(work)
hold(2.5)
""",
        "python",
        shows="memory",
        limits=replace(_WIDE, cpu_seconds=8),
    ),
    Attempt(
        "memory.pipes",
        "fill the kernel's memory with pipes",
        Sign.EXCEEDED,
        """
def work():
    kept = []
    with tried():
        while True:
            reader, writer = os.pipe()
            kept += [reader, writer]
            os.set_blocking(writer, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(writer, 1031, 1 << 20)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, bytes(4096))
            if len(kept) > 4:
                os.close(kept.pop())
    hold(3)
for _ in range(60):
    child(work)
hold(2.5)
""",
        "python",
        shows="memory",
        limits=replace(_WIDE, cpu_seconds=8),
        bare="the kernel's own limit for pipes holds for a user as well; the sign is proved by other memory",
    ),
    Attempt(
        "memory.anonymous-files",
        "fill memory with files that have no name and are mapped by nobody",
        Sign.EXCEEDED,
        """
kept = []
for make in (lambda: os.memfd_create("x"), lambda: call("memfd_secret", 0), lambda: os.open(env["TEMPORARY"], os.O_TMPFILE | os.O_RDWR)):
    for _ in range(8):
        with tried():
            kept.append(make())
            for _ in range(64):
                os.write(kept[-1], bytes(1 << 20))
hold(0.4)
""",
        "python",
        shows="memory",
        limits=_SMALL,
        bare="it is the bare machine's shared memory; the sign is proved by other memory",
    ),
    Attempt(
        "processes.fork-bomb",
        "fork without end",
        Sign.EXCEEDED,
        """
def work():
    hold(3)
for _ in range(400):
    with tried():
        child(work)
hold(0.4)
""",
        "python",
        shows="processes",
        limits=_FEW,
    ),
    Attempt(
        "processes.shell-bomb",
        "let a shell call itself twice, over and over",
        Sign.EXCEEDED,
        'b() { [ "$1" -gt 8 ] && { sleep 2; return; }; b $(($1+1)) & b $(($1+1)) & wait; }; b 1',
        shows="processes",
        limits=replace(_FEW, wall_seconds=5),
    ),
    Attempt(
        "processes.daemons",
        "fork into sessions of their own without end",
        Sign.EXCEEDED,
        """
for _ in range(400):
    with tried():
        child(lambda: (os.setsid(), child(lambda: hold(3))))
hold(0.5)
""",
        "python",
        shows="processes",
        limits=_FEW,
    ),
    Attempt(
        "processes.threads",
        "start threads without end",
        Sign.EXCEEDED,
        """
threading.stack_size(1 << 16)
try:
    for _ in range(600):
        threading.Thread(target=hold, args=(3,), daemon=True).start()
except RuntimeError:
    pass
hold(0.5)
os._exit(0)
""",
        "python",
        shows="processes",
        limits=_FEW,
    ),
    Attempt(
        "processes.zombies",
        "leave dead children that nobody collects",
        Sign.EXCEEDED,
        """
for _ in range(600):
    with tried():
        child(lambda: None)
hold(0.5)
""",
        "python",
        shows="processes",
        limits=_FEW,
    ),
    Attempt(
        "descriptors.in-flight",
        "keep so many descriptors in flight that the server cannot hand over its own",
        Sign.STUCK,
        """
kept = []
with tried():
    for _ in range(400):
        kept.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        socket.send_fds(kept[-1][0], [b"x"], [0] * 250)
daemon(lambda: hold(6))
""",
        "python",
        shows="hand over",
        bare="bare commands have the server's own limit; the sign is proved by a test with descriptors in flight",
    ),
    Attempt(
        "descriptors.many",
        "open files until no process can open any",
        Sign.STUCK,
        """
def work():
    kept = []
    with tried():
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    hold(3)
for _ in range(40):
    child(work)
hold(2)
""",
        "python",
        bare="the machine's table is larger than what this fills; that a stuck server is noticed is proved by tests",
    ),
)
