"""Starting one command: its own session, its limits, nothing of this process."""

from __future__ import annotations

import os
import resource

from robocoders.workspace.seal.inside.privileges import restore_signals

__all__ = ["Command", "spawn"]

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells report it (POSIX, 2.8.2)


class Command:
    """A command that was started."""

    __slots__ = ("ended_by", "number", "pid")

    def __init__(self, number: int, pid: int) -> None:
        self.number = number
        self.pid = pid
        self.ended_by = "-"


def spawn(argv: list[str], env: dict[str, str], root: str, output: tuple[int, int], limits: dict[str, int]) -> int:
    """Start a program in the workspace, its standard input at the end; its process id.

    Args:
        argv: The program, looked up on the environment's PATH, and its arguments.
        env: The whole environment.
        root: Where it starts.
        output: Descriptors of its standard output and standard error.
        limits: `process_cpu_seconds`, `file_bytes`, `open_files`, and `threads` (0: not to be limited by the kernel).
    """
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        _become(root, output, limits)
        os.execvpe(argv[0], argv, env)  # noqa: S606 -- no shell unless the caller asked for one
    except OSError as error:
        is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        text = f"{argv[0]}: {'command not found' if is_missing else error.strerror}\n"
        os.write(2, text.encode("utf-8", "surrogateescape"))
        os._exit(_NOT_FOUND if is_missing else _NOT_EXECUTABLE)
    finally:
        os._exit(_NOT_EXECUTABLE)


def _become(root: str, output: tuple[int, int], limits: dict[str, int]) -> None:
    os.setsid()
    restore_signals()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output[0], 1)
    os.dup2(output[1], 2)
    os.chdir(root)
    os.umask(0o022)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits["open_files"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _limit(resource.RLIMIT_CPU, limits["process_cpu_seconds"])
    if limits["threads"]:
        _limit(resource.RLIMIT_NPROC, limits["threads"])


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
