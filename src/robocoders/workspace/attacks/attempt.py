"""What an attempt is, and what it may get."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from robocoders.workspace.seal import Limits

__all__ = ["Attempt", "FileTools", "Finding", "Result", "Sign", "Tool", "linger"]

MEBIBYTE = 1 << 20
QUICK = Limits(
    wall_seconds=8,
    cpu_seconds=6,
    memory_bytes=256 * MEBIBYTE,
    processes=64,
    file_bytes=128 * MEBIBYTE,
    output_bytes=4 * MEBIBYTE,
    workspace_bytes=64 * MEBIBYTE,
)
"""What an attempt may use, where it says nothing else: small, so that limits are reached soon."""


_LINGER_SECONDS = 1.5


class Sign(StrEnum):
    """What the host looks at. No program is believed what it says of itself."""

    LEAKED = "leaked"
    """A secret of the scene is in what the attempt gave out or left in its workspace."""
    CHANGED = "changed"
    """A file, a link, a permission, a name, a key or a terminal outside is not as it was."""
    HARMED = "harmed"
    """A process outside died, got a signal, stands still, or has other memory, limits or priority than before."""
    REACHED = "reached"
    """A listener outside was spoken to."""
    OUTLIVED = "outlived"
    """A process is alive after the seal was closed."""
    EXCEEDED = "exceeded"
    """The host measured more than a limit and the watcher's overshoot allow."""
    STUCK = "stuck"
    """The server's loop stood still, or a seal answered neither a file tool nor the next command."""
    PRIVILEGED = "privileged"
    """A process had capabilities, another user, namespaces, mounts or kernel objects that a seal does not give."""
    PLANTED = "planted"
    """A set-user-id file, a file with capabilities or a device is left in the workspace."""


class FileTools(Protocol):
    """The file operations of a seal, as the agents' tools call them from outside."""

    async def read_bytes(self, path: str) -> bytes: ...
    async def write_bytes(self, path: str, data: bytes) -> None: ...
    async def stat(self, path: str) -> object: ...
    async def list_dir(self, path: str = ".") -> Sequence[object]: ...
    async def make_dir(self, path: str) -> None: ...
    async def remove(self, path: str) -> None: ...
    async def exists(self, path: str) -> bool: ...
    async def realpath(self, path: str) -> str: ...


Tool = Callable[[FileTools, Mapping[str, str]], Awaitable[bytes]]
"""Calls file tools, given what the programs get as variables; returns all that it was given."""


async def linger(files: FileTools, variables: Mapping[str, str]) -> bytes:
    """A tool that lets time pass, for what goes on after a command has ended."""
    del files, variables
    await asyncio.sleep(_LINGER_SECONDS)
    return b""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that must not succeed.

    Args:
        id: Its group and its name, `group.name`.
        tries: What it tries, in words.
        sign: What would be found if it succeeded.
        program: What runs in the seal (for attempts on file tools: what lays the trap); empty for none.
        language: Of the program.
        tool: What is called from outside, once the program has ended.
        shows: A word of the finding that shows success, where the sign alone does not.
        limits: Of its seal.
        bare: Why it is not run without a seal to prove that it can succeed; empty where it is. The sign's recogniser is
            proved by others then.
    """

    id: str
    tries: str
    sign: Sign
    program: str = ""
    language: Literal["sh", "python"] = "sh"
    tool: Tool | None = None
    shows: str = ""
    limits: Limits = QUICK
    bare: str = ""

    @property
    def group(self) -> str:
        """What it has in common with others."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that got out, as the host saw it."""

    sign: Sign
    detail: str

    def __str__(self) -> str:
        return f"{self.sign}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt went.

    Args:
        attempt: Which.
        findings: What got out; empty when nothing did.
        ended: How its program ended, in words.
        seconds: How long it took.
    """

    attempt: Attempt
    findings: tuple[Finding, ...]
    ended: str
    seconds: float

    @property
    def has_succeeded(self) -> bool:
        """Whether anything got out, sought or not."""
        return bool(self.findings)

    def shows_success(self) -> bool:
        """Whether what the attempt sought was found."""
        wanted = self.attempt
        return any(found.sign is wanted.sign and wanted.shows in found.detail for found in self.findings)
