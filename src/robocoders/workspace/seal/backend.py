"""A seal as pydantic-ai's workspace."""

from __future__ import annotations

import errno
import math
import posixpath
from collections.abc import Mapping, Sequence

from pydantic_ai.workspaces import (
    CommandResult,
    FileEntry,
    SupportsCommands,
    SupportsFilesystem,
    SupportsRealpath,
    WorkspaceBackend,
    WorkspaceCommand,
    WorkspaceError,
    WorkspaceOutputLimitError,
    WorkspaceRef,
    WorkspaceTimeoutError,
    WorkspaceUnavailableError,
)

from robocoders.errors import WorkspaceError as UnusableWorkspaceError
from robocoders.workspace.seal.limits import Finished
from robocoders.workspace.seal.seal import Entry, Seal

__all__ = ["SealedBackend"]

_PROVIDER = "robocoders"


class SealedBackend(WorkspaceBackend, SupportsCommands, SupportsFilesystem, SupportsRealpath):
    """Commands and files of a seal, for whoever speaks pydantic-ai's protocol.

    The reference names the directory. Processes live as long as the seal, which its owner closes.

    Args:
        seal: The place.
        ref: What an earlier backend of the same directory gave, to go on with it.
    """

    def __init__(self, seal: Seal, *, ref: WorkspaceRef | None = None) -> None:
        self._seal = seal
        self._ref = ref

    @property
    def ref(self) -> WorkspaceRef | None:
        return self._ref

    async def working_dir(self) -> str:
        try:
            root = await self._seal.working_dir()
        except UnusableWorkspaceError as error:
            raise WorkspaceUnavailableError(str(error)) from error
        if self._ref is None:
            self._ref = WorkspaceRef(provider=_PROVIDER, id=root)
        return root

    async def run(
        self,
        command: WorkspaceCommand,
        *,
        shell: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- the end is a result, with the output so far
    ) -> CommandResult:
        if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
            raise ValueError("timeout must be a positive finite number or None")
        await self.working_dir()
        try:
            finished = await self._seal.run(command, shell=shell, env=env, timeout=timeout)
        except UnusableWorkspaceError as error:
            raise WorkspaceUnavailableError(str(error)) from error
        await self.working_dir()
        self._raise_for_limit(finished)
        return CommandResult(exit_code=finished.exit_code, stdout=finished.stdout, stderr=finished.stderr)

    async def read_bytes(self, path: str) -> bytes:
        await self.working_dir()
        return await self._seal.read_bytes(path)

    async def write_bytes(self, path: str, data: bytes) -> None:
        await self.working_dir()
        await self._seal.write_bytes(path, data)

    async def stat(self, path: str) -> FileEntry:
        await self.working_dir()
        return _file_entry(await self._seal.stat(path), path)

    async def list_dir(self, path: str) -> Sequence[FileEntry]:
        await self.working_dir()
        return [_file_entry(entry, posixpath.join(path, entry.name)) for entry in await self._seal.list_dir(path)]

    async def make_dir(self, path: str) -> None:
        await self.working_dir()
        await self._seal.make_dir(path)

    async def remove(self, path: str) -> None:
        root = await self.working_dir()
        text = posixpath.normpath(posixpath.join(root, path))
        if text in {"/", root} or root.startswith(f"{text}/"):
            raise ValueError("the working directory and those above it cannot be removed")
        try:
            await self._seal.remove(path)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise ValueError("the working directory cannot be removed") from error
            raise

    async def exists(self, path: str) -> bool:
        await self.working_dir()
        return await self._seal.exists(path)

    async def realpath(self, path: str) -> str:
        await self.working_dir()
        return await self._seal.realpath(path)

    def _raise_for_limit(self, finished: Finished) -> None:
        limits = self._seal.limits
        explanation = finished.explanation(limits)
        if explanation is None:
            return
        if finished.ended_by == "wall_clock":
            raise WorkspaceTimeoutError(explanation, stdout=finished.stdout, stderr=finished.stderr)
        if finished.ended_by == "output":
            raise WorkspaceOutputLimitError(
                explanation, limit=limits.output_bytes, stdout=finished.stdout, stderr=finished.stderr
            )
        if finished.ended_by == "cancelled":
            raise WorkspaceUnavailableError(explanation)
        raise WorkspaceError(explanation)


def _file_entry(entry: Entry, path: str) -> FileEntry:
    return FileEntry(name=entry.name, path=path, is_dir=entry.is_dir, size=entry.size)
