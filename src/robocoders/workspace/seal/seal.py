"""The place of one turn: a directory, and the processes that may touch nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from robocoders.errors import SealError, WorkspaceError
from robocoders.workspace.names import quote_path
from robocoders.workspace.seal import arguments
from robocoders.workspace.seal.collecting import Drain
from robocoders.workspace.seal.commands import RunningCommand
from robocoders.workspace.seal.launching import Launched, Plan, Sandbox, end, launch
from robocoders.workspace.seal.limits import Finished, Limits
from robocoders.workspace.seal.requests import Requests

__all__ = ["Entry", "Seal"]

MAX_READ_BYTES = 64 << 20
"""Larger files are not read (EFBIG)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory: its name, what it is (links followed inside of the workspace), a regular file's bytes."""

    name: str
    is_dir: bool
    size: int | None


class Seal:
    """A workspace in which commands run sealed off, and whose files are touched without ever leaving it.

    One set of namespaces serves all commands: what one leaves running, the next can reach, until `close`. Paths inside
    are the same as outside. File paths are absolute or relative to the root. Nothing happens before the first use.

    Args:
        root: The workspace's directory.
        limits: What its processes may use together.
        network: Whether they share the host's network, its loopback included.
        masked: Paths that are hidden with everything in them, where they lie in the root.
        sandbox: `none` runs commands bare, with the server's own rights and the same limits: for throw-away containers.
    """

    def __init__(
        self,
        root: Path,
        *,
        limits: Limits | None = None,
        network: bool = False,
        masked: Sequence[Path] = (),
        sandbox: Sandbox = "bubblewrap",
    ) -> None:
        self.root = root
        self.limits = limits or Limits()
        self._network = network
        self._masked = tuple(masked)
        self._sandbox: Sandbox = sandbox
        self._lock = asyncio.Lock()
        self._launched: Launched | None = None
        self._requests: Requests | None = None
        self._drains: list[Drain] = []
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Make the place, unless it is there. The first command does this by itself.

        Raises:
            SealError: Commands cannot be sealed off here.
            WorkspaceError: The root is no usable directory.
        """
        await self._started()

    async def close(self) -> None:
        """End every process inside and give everything back. Commands that run come back as `cancelled`."""
        self._is_closed = True
        async with self._lock:
            await self._drop()

    async def working_dir(self) -> str:
        """The root without links, inside as outside.

        Raises:
            WorkspaceError: It is no usable directory.
        """
        return str(await asyncio.to_thread(self._resolve))

    async def run(
        self,
        command: str | Sequence[str],
        *,
        shell: bool,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- the end is a result, with the output so far
        on_output: Callable[[str], Awaitable[None]] | None = None,
    ) -> Finished:
        """Run a command in the root, its standard input at the end, and wait for it alone, not for its children.

        Args:
            command: Text for the shell, or a program with its arguments.
            shell: Which of the two it is.
            env: Variables besides those of every command.
            timeout: Seconds, where they are to be less than the limit.
            on_output: Awaited with what the command writes, both streams together, while it comes.

        Raises:
            TypeError: `command` and `shell` do not match.
            SealError: Commands cannot be sealed off here, or the seal broke (the next command gets a new one).
            WorkspaceError: The root is no usable directory.
        """
        if isinstance(command, str) != shell:
            raise TypeError("text needs shell=True; a program with arguments needs shell=False")
        argv = [arguments.shell(), "-c", command] if isinstance(command, str) else list(command)
        requests = await self._started()
        seconds = min(timeout or self.limits.wall_seconds, self.limits.wall_seconds)
        running = RunningCommand(requests, self.limits, seconds, on_output)
        cgroup = self._launched.cgroup if self._launched else None
        killed = cgroup.out_of_memory_kills() if cgroup else 0
        try:
            finished = await running.run(argv, {**self._environment(), **(env or {})})
        except SealError:
            if self._is_closed:
                return running.finished(137, "cancelled")
            raise
        finally:
            if running.drain is not None:
                self._keep(running.drain)
        if cgroup and finished.ended_by is None and cgroup.out_of_memory_kills() > killed:
            return running.finished(finished.exit_code, "memory")
        return finished

    async def read_bytes(self, path: str, limit_bytes: int = MAX_READ_BYTES) -> bytes:
        """A regular file's content.

        Raises:
            OSError: As the operating system says; `OutsideError` for paths that lead out of the workspace. The same
                holds for the other file operations.
        """
        return await self._touch("read", path, limit_bytes)

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Replace a file's content, through links inside of the workspace; missing directories are made."""
        await self._touch("write", path, data)

    async def stat(self, path: str) -> Entry:
        """What lies at a path."""
        words = (await self._touch("stat", path)).split()
        return _entry(PurePosixPath(path).name, words)

    async def list_dir(self, path: str = ".") -> list[Entry]:
        """What a directory holds, by name."""
        fields = (await self._touch("list", path)).split(b"\0")
        pairs = zip(fields[0:-1:2], fields[1::2], strict=False)
        return [_entry(name.decode("utf-8", "surrogateescape"), words.split()) for name, words in pairs]

    async def make_dir(self, path: str) -> None:
        """Make a directory and those above it."""
        await self._touch("make", path)

    async def remove(self, path: str) -> None:
        """Remove a file, a link itself, or a directory with all that is in it. The root is refused (EINVAL)."""
        await self._touch("remove", path)

    async def exists(self, path: str) -> bool:
        """Whether something lies at a path."""
        try:
            await self._touch("stat", path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    async def realpath(self, path: str) -> str:
        """Where a path leads, components that do not exist kept; outside of the workspace, as far as its text goes."""
        return (await self._touch("real", path)).decode("utf-8", "surrogateescape")

    async def _touch(self, verb: str, path: str, *more: object) -> bytes:
        return await (await self._started()).file_operation(verb, path, *more)

    async def _started(self) -> Requests:
        async with self._lock:
            if self._requests is not None and self._requests.is_open:
                return self._requests
            if self._is_closed:
                raise SealError("The seal is closed: its turn has ended.", cause="the turn has ended")
            await self._drop()
            root = await asyncio.to_thread(self._resolve)
            masked = tuple(path.resolve() for path in self._masked)
            plan = Plan(root, self.limits, self._network, masked, self._sandbox)
            self._launched = await launch(plan)
            self._requests = Requests(self._launched.control)
            return self._requests

    async def _drop(self) -> None:
        requests, self._requests = self._requests, None
        launched, self._launched = self._launched, None
        if requests is not None:
            requests.close()
        if launched is not None:
            await asyncio.shield(end(launched))
        for drain in self._drains:
            drain.close()
        self._drains.clear()

    def _keep(self, drain: Drain) -> None:
        if self._launched is None:
            drain.close()
        else:
            self._drains.append(drain)

    def _environment(self) -> dict[str, str]:
        return arguments.environment() if self._sandbox == "bubblewrap" else arguments.bare_environment()

    def _resolve(self) -> Path:
        try:
            root = self.root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise WorkspaceError(f"The workspace {quote_path(str(self.root))} does not exist.") from error
        refusal = arguments.refusal(str(root))
        if refusal is None and not root.is_dir():
            refusal = "It is no directory."
        if refusal is not None:
            raise WorkspaceError(f"The workspace {quote_path(str(self.root))} cannot be used: {refusal}")
        return root


def _entry(name: str, words: list[bytes]) -> Entry:
    is_directory, size = int(words[0]), int(words[1])
    return Entry(name, bool(is_directory), size if size >= 0 else None)
