"""The program that is process 1 of a seal: it starts commands on request, watches them, and reports how they ended.

A request is a packet `(number, verb)`, marshalled, with descriptors beside it: the arguments as a file in memory, then
what the verb needs. Answers are words: `NUMBER exit CODE ENDED_BY`, `NUMBER ok BYTES`, `NUMBER error ERRNO TEXT`,
`NUMBER outside`. The program ends with its socket, and every process of the seal ends with it.
"""

# ruff: noqa: PTH208 -- pathlib takes long to load, at every start of a seal

from __future__ import annotations

import errno
import marshal
import os
import select
import sys
import time
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, socket

from robocoders.workspace.seal.inside.file_tree import FileTree, OutsideError
from robocoders.workspace.seal.inside.privileges import become_reaper, enter, restore_signals
from robocoders.workspace.seal.inside.processes import kill, kill_session, list_processes
from robocoders.workspace.seal.inside.spawning import Command, spawn
from robocoders.workspace.seal.inside.watching import Watcher

__all__ = ["supervise"]

_REQUEST_BYTES = 4096
_MOST_DESCRIPTORS = 3
_SAMPLE_SECONDS = 0.05
_KILLED = 137  # 128 + SIGKILL, as shells report it


def supervise(
    *,
    control: int,
    root: str,
    is_bare: bool,
    limits: dict[str, int],
    memory_file_systems: tuple[str, ...],
    mount: int,
    masked: tuple[str, ...],
    identity: tuple[int, int] | None,
    seccomp: bytes,
) -> None:
    """Serve requests until the socket ends.

    Args:
        control: The socket's descriptor.
        root: The workspace.
        is_bare: Whether there are no namespaces: nothing is taken away, and only own descendants are touched.
        limits: By name; `threads` is the kernel's own limit (0: none), `open_files` that of each process.
        memory_file_systems: Places of private file systems in memory.
        mount: As `privileges.enter` takes it, like `masked`, `identity` and `seccomp`.
        masked: What is hidden.
        identity: Who to become.
        seccomp: The filter.
    """
    connection = socket(fileno=control)
    try:
        _keep_descriptors()
        restore_signals()
        if is_bare:
            become_reaper()
        else:
            enter(mount, root, masked, identity, seccomp)
        os.chdir(root)
        watcher = Watcher(limits, root, memory_file_systems, is_bare=is_bare)
        supervisor = _Supervisor(connection, FileTree(root), watcher, root, limits, is_bare=is_bare)
    except OSError as error:
        connection.send(_failure(0, error))
        return
    connection.send(b"0 ok 0")
    supervisor.serve()
    supervisor.kill_all()


class _Supervisor:
    def __init__(
        self,
        connection: socket,
        tree: FileTree,
        watcher: Watcher,
        root: str,
        limits: dict[str, int],
        *,
        is_bare: bool,
    ) -> None:
        self._connection = connection
        self._tree = tree
        self._watcher = watcher
        self._root = root
        self._limits = limits
        self._is_bare = is_bare
        self._commands: dict[int, Command] = {}
        """Commands that run, by process id."""
        self._poll = select.poll()
        self._poll.register(connection.fileno(), select.POLLIN)

    def serve(self) -> None:
        control = self._connection.fileno()
        sample_at: float | None = None
        while True:
            wait = None if sample_at is None else max(sample_at - time.monotonic(), 0) * 1000
            for descriptor, events in self._poll.poll(wait):
                if descriptor != control:
                    self._poll.unregister(descriptor)
                    os.close(descriptor)
                elif not events & select.POLLIN or not self._receive():
                    return
            self._reap()
            now = time.monotonic()
            if sample_at is None and self._commands:
                sample_at = now + _SAMPLE_SECONDS
            elif sample_at is not None and now >= sample_at:
                self._watch()
                idle = not self._commands and self._watcher.is_alone()
                sample_at = None if idle else time.monotonic() + _SAMPLE_SECONDS

    def kill_all(self) -> None:
        """Kill every process of the seal but this one."""
        for _ in range(100):
            if not self._is_bare:
                # One call reaches all of them at once: processes that multiply cannot get away from it.
                kill(-1)
            processes = list_processes(only_descendants=self._is_bare)
            for process in processes:
                kill(process.pid)
            self._reap()
            if not processes:
                return

    def _watch(self) -> None:
        reason = self._watcher.breach()
        if reason is not None:
            for command in self._commands.values():
                command.ended_by = reason
            self.kill_all()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            command = self._commands.pop(pid, None)
            if command is not None:
                code = os.waitstatus_to_exitcode(status)
                code = 128 - code if code < 0 else code
                self._connection.send(f"{command.number} exit {code} {command.ended_by}".encode())

    def _receive(self) -> bool:
        """Serve one request; False when the other side is gone."""
        data, extra, _, _ = self._connection.recvmsg(
            _REQUEST_BYTES, CMSG_SPACE(4 * _MOST_DESCRIPTORS), MSG_CMSG_CLOEXEC
        )
        if not data:
            return False
        packed = b"".join(content for _, kind, content in extra if kind == SCM_RIGHTS)
        descriptors = [int.from_bytes(packed[start : start + 4], sys.byteorder) for start in range(0, len(packed), 4)]
        number, verb = marshal.loads(data)  # noqa: S302 -- the server is trusted here, not the other way round
        try:
            self._serve(number, verb, descriptors)
        except OutsideError:
            self._connection.send(b"%d outside" % number)
        except OSError as error:
            self._connection.send(_failure(number, error))
        except ValueError:
            # A path with half a character: no file can be called that.
            self._connection.send(_failure(number, OSError(errno.EINVAL, os.strerror(errno.EINVAL))))
        except MemoryError:
            self._connection.send(_failure(number, OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _serve(self, number: int, verb: str, descriptors: list[int]) -> None:
        with open(descriptors[0], "rb", closefd=False) as file:
            arguments = marshal.load(file)  # noqa: S302 -- the server is trusted here, not the other way round
        if verb == "run":
            argv, env = arguments
            self._watcher.begin(is_first=not self._commands)
            pid = spawn(argv, env, self._root, (descriptors[1], descriptors[2]), self._limits)
            self._commands[pid] = Command(number, pid)
            self._poll.register(os.pidfd_open(pid), select.POLLIN)
        elif verb == "kill":
            for command in list(self._commands.values()):
                if command.number == arguments:
                    kill_session(command.pid, only_descendants=self._is_bare)
        else:
            answer = self._touch_files(verb, *arguments)
            with open(descriptors[1], "wb", closefd=False) as file:
                file.write(answer)
            self._connection.send(b"%d ok %d" % (number, len(answer)))

    def _touch_files(self, verb: str, path: str, *more: object) -> bytes:
        tree = self._tree
        if verb == "read":
            (limit_bytes,) = more
            return tree.read(path, limit_bytes if isinstance(limit_bytes, int) else 0)
        if verb == "write":
            (data,) = more
            tree.write(path, data if isinstance(data, bytes) else b"")
        elif verb == "stat":
            return b"%d %d" % tree.status(path)
        elif verb == "list":
            return b"".join(
                os.fsencode(name) + b"\0%d %d\0" % (is_directory, size)
                for name, is_directory, size in tree.entries(path)
            )
        elif verb == "make":
            tree.make_directory(path)
        elif verb == "remove":
            tree.remove(path)
        else:
            return os.fsencode(tree.realpath(path))
        return b""


def _keep_descriptors() -> None:
    """Let no command inherit what this process was given, its connection to the server above all."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2:
            try:  # noqa: SIM105 -- contextlib takes long to load
                os.set_inheritable(descriptor, False)  # noqa: FBT003 -- the library's signature
            except OSError:
                # The listing's own descriptor is closed by now.
                pass


def _failure(number: int, error: OSError) -> bytes:
    text = f"{error.strerror or error} ({error.filename})" if error.filename else f"{error.strerror or error}"
    return f"{number} error {error.errno or errno.EPERM} {text}".encode("utf-8", "backslashreplace")[:2048]
