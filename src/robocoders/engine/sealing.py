"""The sealed place of each turn: made with its first command, closed with the turn, whatever ends that."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from robocoders.agents.worker_threads import in_worker_thread
from robocoders.workspace.seal import Limits, Seal, unavailable
from robocoders.workspace.seal.launching import Sandbox

__all__ = ["Sandbox", "SealedPlace", "Sealing"]

logger = logging.getLogger("robocoders.engine")

_CLOSING_SECONDS = 0.4
"""How long the end of a turn waits for its processes to be gone; they are killed, so it hardly ever does."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a server seals what turns run.

    Attributes:
        data_dir: What no command may see.
        sandbox: What seals; `none` runs commands bare.
        limits: What the commands of a turn may use.
    """

    data_dir: Path
    sandbox: Sandbox = "bubblewrap"
    limits: Limits = field(default_factory=Limits)

    def seal(self, root: Path, *, network: bool) -> Seal:
        """Return a seal around a directory; nothing is started yet."""
        return Seal(root, limits=self.limits, network=network, masked=self.masked(root), sandbox=self.sandbox)

    def masked(self, root: Path) -> tuple[Path, ...]:
        """Return what is hidden in a directory: the data directory, where that lies in it."""
        return (self.data_dir,) if self.data_dir.resolve().is_relative_to(root.resolve()) else ()

    async def refusal(self) -> str:
        """Return why commands and writes are refused, and what mends that; empty where they are not."""
        if self.sandbox == "none":
            return ""
        # Asked anew for each turn: what is missing may have been installed meanwhile.
        missing = await in_worker_thread(unavailable)
        return "" if missing is None else missing.error().message


class SealedPlace:
    """Where one turn's seal is, so that whoever ends the turn can close it."""

    def __init__(self) -> None:
        self._seals: list[Seal] = []
        self._closing: asyncio.Task[None] | None = None
        self._closed = False

    def take(self, seal: Seal) -> Seal:
        """Keep a seal to be closed, and return it. One that comes too late is closed before its first command."""
        self._seals.append(seal)
        if self._closed:
            self._begin_closing()
        return seal

    async def close(self) -> None:
        """End everything that runs in it; where that takes longer than a moment it goes on by itself."""
        self._closed = True
        self._begin_closing()
        if self._closing is not None:
            await asyncio.wait({self._closing}, timeout=_CLOSING_SECONDS)

    def _begin_closing(self) -> None:
        if self._seals and (self._closing is None or self._closing.done()):
            self._closing = asyncio.create_task(_close_all(self._seals))


async def _close_all(seals: list[Seal]) -> None:
    while seals:
        try:
            await seals.pop().close()
        except Exception as error:  # noqa: BLE001 - a turn ends whatever its seal does; that nothing runs is the seal's duty
            logger.error("The place of a turn's commands was not closed: %s", type(error).__name__)  # noqa: TRY400 - the text may hold a prompt
