"""A place for a turn's commands and files that nothing seals: a directory, for tests of what stands above."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PlainFinished", "PlainSeal"]


@dataclass(frozen=True, slots=True)
class PlainFinished:
    """See `robocoders.agents.sealing.Finished`."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""
    ended_by: str | None = None


@dataclass
class PlainSeal:
    """Runs commands in a directory as they are; see `robocoders.agents.sealing.Seal`.

    Attributes:
        root: The directory.
        commands: Every command so far.
        ends: Said of the next command that it was ended by this limit.
    """

    root: Path
    commands: list[str | Sequence[str]] = field(default_factory=list[str | Sequence[str]])
    ends: str | None = None

    async def run(
        self,
        command: str | Sequence[str],
        *,
        shell: bool,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as the protocol has it
        on_output: Callable[[str], Awaitable[None]] | None = None,
    ) -> PlainFinished:
        """Run it to its end."""
        self.commands.append(command)
        argv = ["sh", "-c", str(command)] if shell else list(command)
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        output: list[str] = []
        ended_by, self.ends = self.ends, None
        try:
            async with asyncio.timeout(timeout or 60):
                while data := await process.stdout.read(4096):
                    output.append(decoder.decode(data))
                    if on_output is not None:
                        await on_output(output[-1])
                await process.wait()
        except TimeoutError:
            ended_by = "wall_clock"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        assert process.returncode is not None
        return PlainFinished(process.returncode, "".join(output), ended_by=ended_by)

    async def read_bytes(self, path: str) -> bytes:
        """The bytes of a file."""
        return (self.root / path).read_bytes()

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
