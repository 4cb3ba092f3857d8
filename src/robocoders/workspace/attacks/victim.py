"""A process outside: it keeps a secret wherever a process can keep one, listens, and says what happened to it.

It runs as a program of its own, by a bare interpreter. Line by line, it is asked on its standard input and answers with
one JSON object: which listeners were reached, which signals came, whether its memory is as it was.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import struct
import sys
from pathlib import Path

__all__ = ["main"]

_CATCHABLE = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
_IPC_CREAT, _O_CREAT, _O_RDWR = 0o1000, 0o100, 0o2


class _Victim:
    def __init__(self, secret: bytes, places: dict[str, str]) -> None:
        self.secret = secret
        self.reached: list[str] = []
        self.signals: list[int] = []
        self.memory = ctypes.create_string_buffer(b"in memory: " + secret + b" " * 64)
        self.before = self.memory.raw
        self.selector = selectors.DefaultSelector()
        self.ports = self._listen(places)
        for number in _CATCHABLE:
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: object) -> None:
        self.signals.append(number)

    def _listen(self, places: dict[str, str]) -> dict[str, int]:
        ports: dict[str, int] = {}
        for name, family, address in (
            ("tcp", socket.AF_INET, ("127.0.0.1", 0)),
            ("tcp of any address", socket.AF_INET, ("0.0.0.0", 0)),  # noqa: S104 -- to be found where nothing is sealed
            ("tcp6", socket.AF_INET6, ("::1", 0)),
            ("abstract socket", socket.AF_UNIX, "\0" + places["abstract"]),
            ("abstract socket with a secret name", socket.AF_UNIX, f"\0{self.secret.decode()}"),
            ("socket with a path", socket.AF_UNIX, places["path"]),
        ):
            try:
                listener = socket.socket(family, socket.SOCK_STREAM)
                listener.bind(address)
            except OSError:
                continue  # A machine without IPv6.
            listener.listen(64)
            self._watch(listener, name)
            if family != socket.AF_UNIX:
                ports[name] = listener.getsockname()[1]
        for name, family, address in (
            ("udp", socket.AF_INET, ("0.0.0.0", 0)),  # noqa: S104 -- as above
            ("abstract datagrams", socket.AF_UNIX, "\0" + places["abstract"] + "-datagrams"),
        ):
            receiver = socket.socket(family, socket.SOCK_DGRAM)
            receiver.bind(address)
            self._watch(receiver, name)
            if family != socket.AF_UNIX:
                ports[name] = receiver.getsockname()[1]
        return ports

    def _watch(self, listener: socket.socket, name: str) -> None:
        listener.setblocking(False)  # noqa: FBT003 -- the library's signature
        self.selector.register(listener, selectors.EVENT_READ, name)

    def serve(self) -> None:
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    if not sys.stdin.readline():
                        return
                    self._collect()
                    self._answer()
                elif isinstance(key.fileobj, socket.socket):
                    self._meet(key.fileobj, key.data)

    def _collect(self) -> None:
        for key, _ in self.selector.select(0):
            if isinstance(key.fileobj, socket.socket):
                self._meet(key.fileobj, key.data)

    def _meet(self, listener: socket.socket, name: str) -> None:
        try:
            if listener.type == socket.SOCK_DGRAM:
                listener.recv(1 << 16)
            else:
                connection, _ = listener.accept()
                with connection:
                    connection.send(self.secret)
        except OSError:
            return
        self.reached.append(name)

    def _answer(self) -> None:
        changed = self.memory.raw != self.before
        answer = {"reached": self.reached, "signals": self.signals, "changed": changed}
        print(json.dumps(answer), flush=True)  # noqa: T201 -- its answer
        self.reached, self.signals = [], []


def _share(secret: bytes, name: str) -> dict[str, int]:
    """Put the secret into System V memory and into a POSIX queue, where there are such."""
    library = ctypes.CDLL(None, use_errno=True)
    library.shmat.restype = ctypes.c_void_p
    segment = library.shmget(ctypes.c_int(int(name[-7:], 16)), ctypes.c_size_t(4096), ctypes.c_int(_IPC_CREAT | 0o600))
    if segment >= 0:
        address = library.shmat(ctypes.c_int(segment), None, ctypes.c_int(0))
        ctypes.memmove(address, secret, len(secret))
        # It goes with its last user.
        library.shmctl(ctypes.c_int(segment), ctypes.c_int(0), None)
    attributes = struct.pack("llll32x", 0, 4, 256, 0)
    queue = library.mq_open(f"/{name}".encode(), _O_CREAT | _O_RDWR, 0o600, attributes)
    if queue >= 0:
        library.mq_send(queue, secret, ctypes.c_size_t(len(secret)), ctypes.c_uint(0))
    return {"segment": segment}


def main() -> None:
    """Say where it listens, then serve until standard input ends."""
    places = json.loads(sys.argv[1])
    secret = os.environ["SECRET"].encode()
    kept = os.open(places["kept"], os.O_RDONLY)
    shared = Path(places["shared"])
    shared.write_bytes(secret)
    try:
        segment = _share(secret, places["queue"])
        victim = _Victim(secret, places)
        ready = {"ports": victim.ports, "kept": kept, "memory": ctypes.addressof(victim.memory), **segment}
        print(json.dumps(ready), flush=True)  # noqa: T201 -- its first answer
        victim.serve()
    finally:
        shared.unlink(missing_ok=True)
        library = ctypes.CDLL(None)
        library.mq_unlink(f"/{places['queue']}".encode())


if __name__ == "__main__":
    main()
