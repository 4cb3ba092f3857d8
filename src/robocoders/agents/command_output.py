"""What a running command writes: shown while it comes, and kept for what is told when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robocoders.agents.speech import encodable

if TYPE_CHECKING:
    from robocoders.agents.steps import Live

__all__ = ["LIVE_BYTES", "CommandOutput"]

LIVE_BYTES = 256 << 10
"""How much of a command's output is shown while it runs, in UTF-8; the rest is told at its end."""

_KEPT_CHARACTERS = 4 << 20


class CommandOutput:
    """Takes a command's output piece by piece.

    Args:
        live: Shows it.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._pieces: list[str] = []
        self._kept = 0
        self._shown_bytes = 0

    async def take(self, piece: str) -> None:
        """Take the next piece.

        Raises:
            StoreError: It cannot be committed, so it is not shown.
        """
        piece = encodable(piece)
        if self._kept < _KEPT_CHARACTERS:
            self._pieces.append(piece)
            self._kept += len(piece)
        left = LIVE_BYTES - self._shown_bytes
        if piece and left > 0:
            encoded = piece.encode()
            shown = piece if len(encoded) <= left else encoded[:left].decode(errors="ignore")
            self._shown_bytes = self._shown_bytes + len(encoded) if shown == piece else LIVE_BYTES
            if shown:
                await self._live.write(shown)

    @property
    def text(self) -> str:
        """All of it, in the order in which it came."""
        return "".join(self._pieces)
