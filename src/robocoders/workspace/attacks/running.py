"""Carrying out attempts, one at a time, each in a seal of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from robocoders.errors import SealError
from robocoders.workspace.attacks.attempt import Attempt, FileTools, Finding, Result, Sign
from robocoders.workspace.attacks.catalogue import ATTEMPTS
from robocoders.workspace.attacks.judging import judge_peaks, left_in
from robocoders.workspace.attacks.outside import planted, standing
from robocoders.workspace.attacks.prelude import PRELUDE
from robocoders.workspace.attacks.pulse import Pulse
from robocoders.workspace.attacks.sampling import Sampler, free_bytes, wait_until_gone
from robocoders.workspace.attacks.scene import Scene
from robocoders.workspace.seal import Limits, Seal, unavailable
from robocoders.workspace.seal import arguments as words
from robocoders.workspace.seal.launching import Sandbox

__all__ = ["carry_out", "run_attacks"]

_TOOL_SECONDS = 12.0
_HONEST_SECONDS = 10.0
_CLOSED_SECONDS = 1.0


async def run_attacks(directory: Path | None = None, attempts: Sequence[Attempt] = ATTEMPTS) -> AsyncIterator[Result]:
    """Try everything on this machine, as the user who runs this.

    Files and a process of its own are what may be harmed; they are gone in the end.

    Args:
        directory: Where the scene is put (a new directory in it), by default where temporary files are.
        attempts: Which.

    Raises:
        SealError: Commands cannot be sealed here; nothing was tried.
    """
    refusal = await asyncio.to_thread(unavailable)
    if refusal is not None:
        raise refusal.error()
    place = await asyncio.to_thread(tempfile.mkdtemp, prefix="robocoders-attack-", dir=directory)
    with Scene(await asyncio.to_thread(Path(place).resolve)) as scene:
        for attempt in attempts:
            yield await carry_out(attempt, scene)


async def carry_out(
    attempt: Attempt,
    scene: Scene,
    *,
    sandbox: Sandbox = "bubblewrap",
    limits: Limits | None = None,
    files: Callable[[Path], FileTools] | None = None,
) -> Result:
    """Carry out one attempt and look at what came of it.

    Args:
        attempt: Which.
        scene: What lies outside.
        sandbox: `none` proves that the attempt succeeds, where nothing prevents it.
        limits: What is enforced; what is judged by is the attempt's own.
        files: Makes file tools for a workspace, other than the seal's, for the same purpose.
    """
    workspace = scene.new_workspace()
    before = scene.look(workspace)
    begun = time.monotonic()
    free_before = free_bytes(scene.directory.parent)
    is_sealed = sandbox != "none"
    sampler = Sampler(
        scene.watched.pid, scene.directory.parent, is_sealed=is_sealed, measures_memory=attempt.shows == "memory"
    )
    seal = Seal(workspace, limits=limits or attempt.limits, sandbox=sandbox)
    trial = _Trial(attempt, seal, files(workspace) if files else seal, scene.variables(workspace))
    sampler.start()
    async with Pulse() as pulse:
        try:
            findings = await trial.run()
            findings += [Finding(Sign.CHANGED, text) for text in standing(scene.mark)]
        finally:
            await asyncio.to_thread(sampler.stop)
            await seal.close()
    survivors = await asyncio.to_thread(wait_until_gone, sampler.seen, _CLOSED_SECONDS)
    findings += [Finding(Sign.OUTLIVED, f"{len(survivors)} processes")] if survivors else []
    for pid in survivors:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    findings += pulse.findings()
    findings += [Finding(Sign.PRIVILEGED, text) for text in sorted(sampler.inspector.found)]
    findings += [Finding(Sign.PLANTED, text) for text in sorted(set(planted(workspace)))]
    findings += scene.leaks(*trial.spoils, *left_in(workspace))
    findings += scene.changes(before, workspace)
    scene.discard(workspace)
    taken = min(free_before, free_bytes(scene.directory.parent)) - sampler.peaks.lowest_free_bytes
    findings += judge_peaks(attempt, sampler.peaks, taken, trial.seconds)
    if findings:
        scene.restore()
    return Result(attempt, tuple(findings), trial.ended, time.monotonic() - begun)


class _Trial:
    """An attempt while it runs."""

    def __init__(self, attempt: Attempt, seal: Seal, files: FileTools, variables: dict[str, str]) -> None:
        self._attempt = attempt
        self._seal = seal
        self._files = files
        self._variables = variables
        self.spoils: list[bytes] = []
        self.ended = "not run"
        self.seconds = 0.0

    async def run(self) -> list[Finding]:
        """Run the program, call the tool, and see whether the seal still serves the next command."""
        found: list[Finding] = []
        attempt = self._attempt
        try:
            async with asyncio.timeout(attempt.limits.wall_seconds * 3 + _TOOL_SECONDS):
                if attempt.program:
                    await self._run_program()
                if attempt.tool is not None:
                    await self._call_tool()
                found += _own_abilities()
                if await self._is_deaf():
                    found.append(Finding(Sign.STUCK, "the next command got no answer"))
        except TimeoutError:
            found.append(Finding(Sign.STUCK, "the seal got no answer"))
        return found

    async def _run_program(self) -> None:
        attempt = self._attempt
        if attempt.language == "python":
            program = [words.interpreter(), "-I", "-c", PRELUDE + attempt.program]
        else:
            program = [words.shell(), "-c", attempt.program]
        begun = time.monotonic()
        try:
            finished = await self._seal.run(program, shell=False, env=self._variables)
        except SealError as error:
            # It fails closed: nothing runs any more.
            self.ended = str(error.cause)
            return
        finally:
            self.seconds = time.monotonic() - begun
        self.spoils += [finished.stdout.encode(), finished.stderr.encode()]
        self.ended = finished.ended_by or f"exit code {finished.exit_code}"

    async def _call_tool(self) -> None:
        if self._attempt.tool is not None:
            try:
                async with asyncio.timeout(_TOOL_SECONDS):
                    self.spoils.append(await self._attempt.tool(self._files, self._variables))
                self.ended = "answered"
            except (OSError, SealError, ValueError, RecursionError) as error:
                if isinstance(error, TimeoutError):
                    raise
                self.ended = f"refused ({type(error).__name__})"

    async def _is_deaf(self) -> bool:
        """Whether an honest command in the same seal gets no answer. A seal that broke is replaced by a new one."""
        for _ in range(2):
            with contextlib.suppress(SealError):
                finished = await self._seal.run(["echo", "here"], shell=False, timeout=_HONEST_SECONDS)
                return finished.ended_by == "wall_clock"
        return True


def _own_abilities() -> list[Finding]:
    """What the server must still be able to do: open files, and hand descriptors to its seals."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        try:
            socket.send_fds(ours, [b"."], [ours.fileno()])
        except OSError as error:
            return [Finding(Sign.STUCK, f"the server cannot hand over descriptors: {error.strerror}")]
    return []
