"""What the tools of a turn need of the place in which commands and writes are sealed.

Who makes that place, and how it is sealed, is not known here: `robocoders.workspace` has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

__all__ = ["Finished", "Seal"]


class Finished(Protocol):
    """A command that has ended."""

    @property
    def exit_code(self) -> int:
        """Its exit code; negative or above 128 where a signal ended it."""
        ...

    @property
    def stdout(self) -> str:
        """What it wrote, as far as it was kept."""
        ...

    @property
    def stderr(self) -> str:
        """What it wrote as errors, as far as it was kept."""
        ...

    @property
    def ended_by(self) -> str | None:
        """What ended it: `wall_clock`, `cpu`, `memory`, ..., or `cancelled`; None where it ended by itself."""
        ...


class Seal(Protocol):
    """The sealed place of one turn: its commands, and its files by paths from the workspace's root."""

    async def run(
        self,
        command: str | Sequence[str],
        *,
        shell: bool,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the whole tree of processes is to be ended, not this task
        on_output: Callable[[str], Awaitable[None]] | None = None,
    ) -> Finished:
        """Run a command to its end and tell its output as it comes.

        Args:
            command: A line for the shell, or a program and its arguments.
            shell: Whether it is a line for the shell.
            env: Further variables of its environment.
            timeout: The longest it may take in seconds, where that is less than the seal's own limit.
            on_output: Takes each piece of what it writes, in the order in which it comes.
        """
        ...

    async def read_bytes(self, path: str) -> bytes:
        """The bytes of a file."""
        ...

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file; directories that are missing are made."""
        ...
