"""What every program in Python begins with: system calls by name, and a way to hold what was got until it was seen."""

from __future__ import annotations

__all__ = ["PRELUDE"]

PRELUDE = r"""
import contextlib, ctypes, errno, fcntl, mmap, os, signal, socket, struct, sys, threading, time
env = os.environ
MARK, ROOT, VICTIM, SERVER = env["MARK"], env["ROOT"], int(env["VICTIM"]), int(env["SERVER"])
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
CALLS = {name: int(value) for name, _, value in (pair.partition("=") for pair in env["CALLS"].split(","))}

def raw(number, *arguments):
    taken = [ctypes.c_long(part) if isinstance(part, int) else part for part in arguments]
    result = libc.syscall(ctypes.c_long(number), *taken)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

def call(name, *arguments):
    return raw(CALLS[name], *arguments)

@contextlib.contextmanager
def tried():
    try:
        yield
    except (OSError, ValueError, OverflowError, AttributeError, KeyError, IndexError, MemoryError, EOFError) as error:
        print(type(error).__name__, error, file=sys.stderr)

def give(data):
    sys.stdout.buffer.write(data if isinstance(data, bytes) else str(data).encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()

def show(path, limit=1 << 20):
    with tried():
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            give(os.read(descriptor, limit))
        finally:
            os.close(descriptor)

def hold(seconds=0.5):
    time.sleep(seconds)

def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]

def others():
    if len(pids()) > 40:
        return [VICTIM]  # This is the machine itself, where nobody else is to be harmed.
    return sorted({VICTIM, SERVER, 1, os.getppid(), *pids()} - {os.getpid()})

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid

def daemon(work):
    def leave():
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        child(work)
    os.waitpid(child(leave), 0)

def machine_code(code):
    prototype = ctypes.CFUNCTYPE(ctypes.c_long)
    address = libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0))
    ctypes.memmove(address, code, len(code))
    return prototype(address)()

def i386(number, first=0, second=0, third=0):
    if os.uname().machine != "x86_64":
        raise OSError(errno.ENOSYS, "no i386 here")
    load = b"\x53\xb8" + struct.pack("<I", number) + b"\xbb" + struct.pack("<I", first)
    load += b"\xb9" + struct.pack("<I", second) + b"\xba" + struct.pack("<I", third)
    result = machine_code(load + b"\xcd\x80\x48\x98\x5b\xc3")
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result

def low(data):
    address = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x22 | 0x40, -1, ctypes.c_long(0))
    ctypes.memmove(address, data + b"\0", len(data) + 1)
    return address
"""
